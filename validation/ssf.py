"""Run the GWAS Catalog's own validator on a GWAS-SSF file written by gemcont.

pip install gwas-sumstats-tools six     # Python 3.13, an environment of its own
python validation/ssf.py results/height.gwas.ssf.tsv
"""

import subprocess
import sys


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    done = subprocess.run(["gwas-ssf", "validate", sys.argv[1]], text=True, capture_output=True)
    print(done.stdout[-3000:] + done.stderr[-1000:])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
