"""Errors that riemgn raises besides ValueError and TypeError."""


class NumericalError(ArithmeticError):
    """NaN, infinity or a breakdown arose in a computation; the message says where."""
