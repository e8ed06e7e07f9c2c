"""The scan from files to files.

inputs       what is read
outputs      what is written, under which names
write        the run: whole, resumed, or one chunk
journal      unfinished work, from which a killed run goes on
fingerprint  what the results depend on
merge        chunks put together
stores       what stores of products say of themselves
summary      the summary and the pictures
"""
