"""The judgement of an embedding.

study  the trait it recovers, the variants that the engine finds by it
"""
