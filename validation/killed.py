"""Scans killed at random moments, and on a full disk: whatever happens, the same bytes in the end.

Ten times a scan is killed with SIGKILL (twice or more, until it gets through) and resumed; its
files are compared with those of an undisturbed one. With --disk (needs the right to mount) it also
runs out of room on a small tmpfs, is told so, and goes on once there is room.

    python validation/killed.py
    python validation/killed.py --disk
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

from gemcont.genotype.simulate import simulate_fileset

KINDS = {
    "joint, tsv": [],
    "joint, tsv.gz": ["--format", "tsv.gz"],
    "each trait": ["--each-trait"],
    "dense": ["--each-trait-only", "--dense"],
    "strongest": ["--each-trait-only", "--top-k", "7"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--disk", action="store_true", help="also on a full tmpfs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = os.path.join(folder, "g")
        simulate_fileset(study, 30_000, 3000, seed=1, missing=0.01)
        write_traits(study + ".pheno", 3000, 24)
        for i in range(options.times):
            kind = list(KINDS)[i % len(KINDS)]
            killed(study, kind, random.Random(i))
        if options.disk:
            full_disk(study, folder)


def write_traits(path, n, d):
    values = np.random.default_rng(1).standard_normal((n, d))
    with open(path, "w") as file:
        file.write("\t".join(["FID", "IID", *(f"t{j}" for j in range(d))]) + "\n")
        for i, row in enumerate(values):
            file.write(f"s{i + 1}\ts{i + 1}\t" + "\t".join(f"{x:.5f}" for x in row) + "\n")


def command(study, out, kind):
    flags = ["--bfile", study, "--pheno", study + ".pheno", "--out", out, "--no-plot"]
    return ["gemcont-gwas", *flags, "--block-size", "500", *KINDS[kind]]


def killed(study, kind, chance):
    started = time.perf_counter()
    subprocess.run(command(study, study + ".whole", kind), check=True, capture_output=True)
    usual = time.perf_counter() - started
    kills, resume = [], []
    while True:
        process = subprocess.Popen(
            [*command(study, study + ".broken", kind), *resume],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            process.wait(chance.uniform(0.35, 0.8) * usual if len(kills) < 3 else None)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills.append(time.perf_counter())
            begun = os.path.exists(study + ".broken.partial/fingerprint.json")
            resume = ["--resume"] if begun else []
    if process.returncode:
        sys.exit(process.stderr.read().decode())
    same = contents(study + ".whole") == contents(study + ".broken")
    print(
        f"{kind:14s} killed {len(kills)} times: {'identical' if same else 'DIFFERENT'}", flush=True
    )
    if not same:
        sys.exit(1)


def contents(prefix):
    """Hash of every result file of a run; logs and times differ."""
    found, start = {}, os.path.basename(prefix) + "."
    folder = os.path.dirname(prefix)
    for root, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(root, file)
            short = os.path.relpath(path, folder)
            if short.startswith(start) and not short.endswith(("log", "summary.json")):
                with open(path, "rb") as data:
                    digest = hashlib.file_digest(data, "sha256").hexdigest()
                found[short.removeprefix(start)] = digest
    return found


def full_disk(study, folder):
    small = os.path.join(folder, "small")
    os.mkdir(small)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small], check=True)
    try:
        for kind in KINDS:
            out = os.path.join(small, "r")
            ballast = os.path.join(small, "ballast")
            with open(ballast, "wb") as file:
                file.write(bytes(5_500_000))
            done = subprocess.run(command(study, out, kind), capture_output=True, text=True)
            print(f"{kind:14s} full disk: exit {done.returncode}: {done.stderr.strip()}")
            left = [n for n in os.listdir(small) if n not in ("ballast", "r.log", "r.partial")]
            if done.returncode != 2 or left:
                sys.exit(f"exit {done.returncode}, {left} left behind")
            os.remove(ballast)
            subprocess.run(["mount", "-o", "remount,size=400m", small], check=True)
            subprocess.run(
                [*command(study, out, kind), "--resume"], check=True, capture_output=True
            )
            subprocess.run(command(study, study + ".whole", kind), check=True, capture_output=True)
            same = contents(study + ".whole") == contents(out)
            print(f"{'':14s} resumed with room: {'identical' if same else 'DIFFERENT'}", flush=True)
            subprocess.run(f"rm -rf {small}/*", shell=True, check=True)
            subprocess.run(["mount", "-o", "remount,size=6m", small], check=True)
    finally:
        subprocess.run(["umount", small], check=True)


if __name__ == "__main__":
    main()
