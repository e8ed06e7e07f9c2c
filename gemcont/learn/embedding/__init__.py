"""Embeddings of held-out people, as traits for the engine.

embed       embeddings computed and written
directions  where their genetics lies
ancestry    how much of the covariates they give away
"""
