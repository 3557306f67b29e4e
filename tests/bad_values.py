"""Values that nobody should hand to a numerical function, and what must come of them."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import riemgn as rg

# derandomised, so that a test run says the same twice
SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)

DTYPES = ("f8", "f4", "f2", "g", "i8", "i1", "u1", "?", "c16", "O", "U3", "S3", "M8[s]", "m8[s]")
SIZES = (0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, -1e160, 1e-9, 1e9, np.nan, np.inf, -np.inf)


REFUSALS = (ValueError, TypeError, rg.NumericalError)

WAYS = (
    np.asarray,
    lambda array: np.broadcast_to(array, array.shape),  # read-only
    np.asfortranarray,
    np.ma.masked_array,
    lambda array: array[::-1] if array.ndim else array,
    lambda array: array.tolist(),
    lambda array: tuple(array.tolist()) if array.ndim else array,
)

NO_ARRAYS = (
    *(None, True, 0, 1, -1, 2.5, 1e300, 1e-300, -0.0, np.nan, np.inf, 10**400, 1j, "a", b"a"),
    *("tahn", [], (), {}, {"a": 1}, set(), [[1, 2], [3]], ["a", "b"], [None], [10**400]),
    *(object(), np.float32(2.0), np.longdouble(1.0), np.int8(3), np.bool_(True), float, rg),
    *(range(3), slice(3), lambda *given: 1.0, np.random.default_rng(0), rg.Network([2, 1])),
)


def _cast(numbers, dtype):
    if dtype in ("f8", "c16", "O", "g"):
        return numbers.astype(dtype)
    with np.errstate(all="ignore"):
        tame = np.nan_to_num(np.clip(numbers, -9, 9))
        return (
            np.clip(tame, 0, 9).astype(dtype) if dtype == "u1" else tame.astype("i8").astype(dtype)
        )


@st.composite
def arrays(draw, size):
    """An array of any type, of the shape wanted or another one, of tame or wild entries."""
    shape = draw(
        st.sampled_from(
            [(size,)] * 4
            + [(), (0,), (size + 1,), (max(size - 1, 0),), (size, 1), (1, size), (size, 2)]
            + [(size, size), (2, size, 2), (0, size)]
        )
    )
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    numbers = generator.normal(size=shape)
    if draw(st.booleans()):
        numbers = numbers * 0.0 + draw(st.sampled_from(SIZES))
    elif numbers.size and draw(st.booleans()):
        numbers.flat[-1] = draw(st.sampled_from(SIZES))
    array = _cast(np.asarray(numbers), draw(st.sampled_from(DTYPES[:1] * 6 + DTYPES)))
    return draw(st.sampled_from(WAYS))(array)


def anything():
    """What is no array of numbers at all."""
    return st.sampled_from(NO_ARRAYS)


def values(size):
    """Any value in the place of an array of `size` entries."""
    return st.one_of(arrays(size), anything())


def answer(call, value, name=None, non_finite=False):
    """Return what a call makes of a value, or None where it refuses it with one clear line.

    The value stays as it is, and no answer is NaN, unless `non_finite` allows it.
    """
    before = np.array(value, copy=True) if isinstance(value, np.ndarray) else repr(value)
    try:
        result, refusal = call(value), None
    except REFUSALS as error:
        result, refusal = None, error
    if refusal is not None:
        said = str(refusal)
        assert type(refusal) in REFUSALS
        assert len(said) > 15
        assert "\n" not in said
        assert name is None or isinstance(refusal, rg.NumericalError) or name in said, said
    if isinstance(value, np.ndarray):
        assert before.dtype == value.dtype
        assert before.tobytes() == np.array(value, copy=True).tobytes()
    else:
        assert repr(value) == before
    assert non_finite or is_sound(result), result
    return result


def is_sound(result):
    """Whether an answer holds no NaN."""
    if isinstance(result, rg.Point):
        return result.is_finite
    if isinstance(result, tuple):
        return all(map(is_sound, result))
    if isinstance(result, (float, np.ndarray)):
        return not np.any(np.isnan(np.asarray(result, dtype=float)))
    return True
