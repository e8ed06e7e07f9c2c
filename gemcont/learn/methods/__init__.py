"""Methods of training, each a module of one loss.

method     the base of every method, and what it is built from
contrast   GEMCONT, and its polygenic-score and dosage twins
baselines  the rivals: SimCLR, autoencoder, supervised
losses     plain functions of embeddings
"""
