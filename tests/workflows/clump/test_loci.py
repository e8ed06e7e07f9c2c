"""Tables of loci: digits of p, genes, alleles with their effects."""

import numpy as np
import pytest
from reference.clump_reports import small

from gemcont import GemcontError, run_clump
from gemcont.workflows.clump.loci import p_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(4.0, "0.0001"), (4.5, "3.16228e-05"), (0.0, "1"), (400.0, "1e-400"), (399.3, "5.01187e-400")],
)
def test_p_in_plinks_digits(value, text):
    assert p_text(value) == text


def test_genes(tmp_path):
    bed = tmp_path / "genes.bed"
    bed.write_text("track x\nchr1\t0\t5\tFAR\nchr1\t5\t15\tIN\n1\t9\t30\tALSO\n")
    rows = [("a", 1, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "C", 1e-7)]
    loci = run_clump(*small(tmp_path, rows), genes=str(bed)).loci
    assert loci["nearest_gene"].fillna("none").tolist() == ["IN,ALSO", "none"]
    assert loci["gene_distance"][0] == 0
    gff = tmp_path / "genes.gff"
    gff.write_text(
        "#\n1\tx\tgene\t12\t30\t.\t+\t.\tID=g1;Name=NAME\n1\tx\texon\t1\t9\t.\t+\t.\tID=e\n"
        '2\tx\tgene\t1\t3\t.\t+\t.\tgene_id "E5"; gene_name "GTF";\n'
    )
    loci = run_clump(*small(tmp_path, rows), genes=str(gff)).loci
    assert loci["nearest_gene"].tolist() == ["NAME", "GTF"]
    assert loci["gene_distance"].tolist() == [2, 2]
    bed.write_text("chr1 0 5\n")
    with pytest.raises(GemcontError, match="line 1 is neither BED"):
        run_clump(*small(tmp_path, rows), genes=str(bed))


def test_effects_stay_with_the_alleles_they_were_reported_for(tmp_path):
    header = "SNP\tA1\tA2\tBETA\tP"
    rows = [("a", "G", "A", -0.9, 1e-9), ("c", "NA", "NA", 0.5, 1e-8)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["effect_allele"].tolist() == ["G", "A"]
    assert loci["other_allele"].tolist() == ["A", "C"]
    np.testing.assert_array_equal(loci["beta"], [-0.9, np.nan])
