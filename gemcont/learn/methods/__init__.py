"""What is trained, each a module of one loss.

method     what a method is
contrast   GEMCONT, and its polygenic-score and dosage twins
baselines  the rivals: SimCLR, autoencoder, supervised
losses     plain functions of embeddings
"""
