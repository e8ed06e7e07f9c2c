"""Settings and flags of gemcont-kinship."""

from gemcont.settings.flags import part_of
from gemcont.settings.gwas import GwasSettings
from gemcont.settings.kinship import KinshipCommand, KinshipSettings


def test_a_grm_is_made_alike_by_a_scan_and_by_the_command():
    scan, own = GwasSettings(), KinshipSettings()
    for name in ("kinship_type", "kinship_maf", "autosomes", "loco"):
        assert getattr(scan, name) == getattr(own, name)


def test_files_that_are_read():
    command = KinshipCommand(out="o", bfile="g", keep="k", extract="x")
    assert command.input_files == [*command.genotype_files, "k", "x"]
    assert "g.bed" in command.input_files


def test_what_decides_the_matrix_is_a_part_of_the_command():
    command = KinshipCommand(out="o", bfile="g", loco=True, kinship_maf=0.05, no_plot=True)
    assert part_of(KinshipSettings, command) == KinshipSettings(loco=True, kinship_maf=0.05)
