"""The board: an ipywidgets application for Voila, JupyterLab and Notebook."""

from netdash.board.board import Board

__all__ = ["Board"]
