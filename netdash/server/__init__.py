"""The parts of the server; :func:`netdash.serve.serve` puts them together.

Nothing is imported here: a kernel, which needs one module of this folder, must not load a server.
"""
