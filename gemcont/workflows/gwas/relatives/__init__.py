"""How relatives are taken into account.

strategies     not, by a kinship, or by REGENIE's predictions
mixed_model    a mixed model fitted to the analysed people
leave_one_out  one for all chromosomes, or one for each
whitened       models of chromosomes whose kinship is not decomposed
log            what the log says of a fitted model
report         heritabilities in the summary and as a picture
"""
