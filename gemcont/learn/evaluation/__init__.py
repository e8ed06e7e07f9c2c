"""What an embedding is worth.

study  the trait it recovers, the variants that the engine finds by it
"""
