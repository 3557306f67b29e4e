"""The minima of the collection's problems, as sums of squares (no factor 1/2) and points.

Values were computed with 60 digits by Newton's method from separately written formulas. They agree
with the reference results of MINPACK's own driver, to the digits printed there, where those have
the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

FACTORS = (1, 10, 100)


@dataclass(frozen=True)
class Minimum:
    """A sum of squares at which a solver may end.

    Attributes:
        value: The sum of squares.
        point: Where, (p,); for kinds "at infinity" and "plateau" a point far out that shows it.
        kind: "global", "local", "at infinity" (a limit as some parameters grow, approached from
            above), "stationary" (listed in the literature; not a minimum in the strict sense) or
            "plateau" (parameters have no effect in double precision, and none from the start on).
        factors: The multiples of the standard start from which it counts.
    """

    value: float
    point: tuple[float, ...]
    kind: str = "global"
    factors: tuple[int, ...] = FACTORS


def linear_full_rank(n: int, p: int) -> Minimum:
    """The value n - p, at -1."""
    return Minimum(float(n - p), (-1.0,) * p)


def linear_rank_one(n: int, p: int) -> Minimum:
    """Any point with sum_j j x_j = 3 / (2 n + 1)."""
    point = (3.0 / (2 * n + 1),) + (0.0,) * (p - 1)
    return Minimum(n * (n - 1) / (2 * (2 * n + 1)), point)


def linear_rank_one_with_zeros(n: int, p: int) -> Minimum:
    """Any point with sum_j j x_j = 3 / (2 n - 3) over the inner parameters."""
    point = (0.0, 1.5 / (2 * n - 3)) + (0.0,) * (p - 2)
    return Minimum((n**2 + 3 * n - 6) / (2 * (2 * n - 3)), point)


def brown_almost_linear(p: int) -> tuple[Minimum, Minimum]:
    """Zero at ones (and at one more point); one where the product of all parameters vanishes.

    The literature lists 1 at (0, .., 0, p + 1) as a minimum. All derivatives of the product up to
    order p - 2 vanish there, but along x = (a, .., a, p + 1 - p a) the sum of squares falls as
    a^(p-1) grows.
    """
    return (
        Minimum(0.0, (1.0,) * p),
        Minimum(1.0, (0.0,) * (p - 1) + (p + 1.0,), "stationary"),
    )


ROSENBROCK = (Minimum(0.0, (1.0, 1.0)),)
HELICAL_VALLEY = (Minimum(0.0, (1.0, 0.0, 0.0)),)
POWELL_SINGULAR = (Minimum(0.0, (0.0, 0.0, 0.0, 0.0)),)
FREUDENSTEIN_ROTH = (
    Minimum(0.0, (5.0, 4.0)),
    Minimum(48.9842536792400, (11.412778986902094, -0.8968052532744765), "local"),
)
BARD = (
    Minimum(0.00821487730657897, (0.08241055974978893, 1.1330360920297216, 2.343695178642537)),
    # x2 and x3 to -infinity: the mean alone is left of the model
    Minimum(17.4286933333333, (0.8406666666666667, -1e12, -1e12), "at infinity"),
)
# Another local minimum, 4.2367e-4 at (0.225, -0.415, -0.024, -0.178), has a pole of the model
# between the data, so that a residual is infinite on the way there: it does not count.
KOWALIK_OSBORNE = (
    Minimum(
        0.000307505603849237,
        (0.19280693457903786, 0.19128232873436696, 0.12305650692632066, 0.13606233068379484),
    ),
    # x1 to infinity, x2 = -14.08, x3 and x4 to -infinity in proportion to x1
    Minimum(
        0.00102734304869546,
        (1e9, -14.07588340060331, -45.25719173932302e9, -28.23149689908782e9),
        "at infinity",
    ),
)
# From x3 in (-125, -50) the model has a pole between the data and other minima, such as 1.28e9.
MEYER = (Minimum(87.9458551708511, (0.005609636471028053, 6181.346346286372, 345.2236346241365)),)
WATSON = {
    6: (
        Minimum(
            0.00228767005355244,
            (
                -0.015725086401458456,
                1.0124348693691099,
                -0.2329916259567377,
                1.2604300877996084,
                -1.5137289227222797,
                0.9929964324311346,
            ),
        ),
    ),
    9: (
        Minimum(
            1.39976013809902e-6,
            (
                -1.5307036521394342e-05,
                0.9997897039319483,
                0.014763963693556958,
                0.14634232829936222,
                1.0008211030047092,
                -2.617731140519015,
                4.104403164478857,
                -3.1436122785564424,
                1.0526264080101668,
            ),
        ),
    ),
    12: (
        Minimum(
            4.72238110589176e-10,
            (
                -6.638060464520687e-09,
                1.000001644117862,
                -0.0005639322103423058,
                0.34782054050404243,
                -0.15673150409616513,
                1.0528151772071777,
                -3.2472711534596677,
                7.288434897938061,
                -10.271848241321724,
                9.074113647075317,
                -4.541375466692512,
                1.0120118885528104,
            ),
        ),
    ),
}
# x2 to infinity leaves a fit by one exponential. It is no minimum, the sum of squares falls as
# exp(-x2 / 10); but at 100 times the start that is 4e-44, and no step in x2 shows in any residual.
BOX = (
    Minimum(0.0, (1.0, 10.0, 1.0)),
    Minimum(0.0755887407549974, (0.6136003525261593, 1e3, 1.3199552092025277), "plateau", (100,)),
)
# x1 to -infinity leaves 259.58019 and both leave 2020. Neither is a minimum (the sum of squares
# falls as exp(x1) grows) and no start lies there: neither counts.
JENNRICH_SAMPSON = (Minimum(124.362182355615, (0.2578252136703641, 0.2578252136703641)),)
BROWN_DENNIS = (
    Minimum(
        85822.2016263563,
        (-11.594439904762165, 13.203630051207204, -0.40343948817685954, 0.2367787744557363),
    ),
)
# With one node the standard start, 1/2, is a maximum, where a first-order
# method must stop; MINPACK's reference results have it.
CHEBYQUAD_ONE_NODE = (
    Minimum(3.06652723239842, (0.40897174494562094,)),
    Minimum(3.06652723239842, (0.59102825505437906,)),
    Minimum(3.23908600124663, (0.24065482818662567,), "local"),
    Minimum(3.23908600124663, (0.75934517181337433,), "local"),
    Minimum(3.49148217013923, (0.10240862222844492,), "local"),
    Minimum(3.49148217013923, (0.89759137777155508,), "local"),
    Minimum(3.55039129767573, (0.01826873596419606,), "local"),
    Minimum(3.55039129767573, (0.98173126403580394,), "local"),
    Minimum(3.55789367598891, (0.5,), "stationary", (1,)),
)


def _mirrored(*half: float) -> tuple[float, ...]:
    """Return nodes that lie symmetrically about 1/2, from those up to 1/2."""
    return half + tuple(1.0 - x for x in reversed(half) if x != 0.5)


CHEBYQUAD = {
    8: (
        Minimum(
            0.00351687372567793,
            (
                0.04315276015101663,
                0.1930908403841861,
                0.26632870689027294,
                0.5,
                0.5,
                0.7336712931097271,
                0.8069091596158139,
                0.9568472398489833,
            ),
        ),
    ),
    9: (
        Minimum(
            0.0,
            _mirrored(
                0.044205346135782767,
                0.19949067230988096,
                0.23561910847106,
                0.416046907892598,
                0.5,
            ),
        ),
    ),
    10: (
        Minimum(
            0.00477271369637535,
            (
                0.032993373018074465,
                0.15514535775907337,
                0.20018919846138622,
                0.38326166496125497,
                0.38326166496125497,
                0.5292494771334065,
                0.6403535493710659,
                0.7135658474159999,
                0.8284818230519073,
                0.9252518337853975,
            ),
        ),
        Minimum(
            0.00650395480088231,
            _mirrored(
                0.0596199005358127,
                0.16670828183586142,
                0.2391706589426085,
                0.3988842923060445,
                0.3988842923060445,
            ),
            "local",
        ),
        Minimum(
            0.00950062885022167,
            _mirrored(
                0.027114937835897843,
                0.1317982884599488,
                0.20768401404493092,
                0.3851156074102685,
                0.3851156074102685,
            ),
            "local",
        ),
    ),
}
OSBORNE_ONE = (
    Minimum(
        5.46489469748291e-05,
        (
            0.37541005210695205,
            1.9358469127123674,
            -1.464687136613423,
            0.012867534640057288,
            0.02212269966167261,
        ),
    ),
)
# At 10 and 100 times the start the three peaks lie outside the data, where they underflow to zero
# with their derivatives: the exponential alone is seen.
OSBORNE_TWO = (
    Minimum(
        0.0401377362935477,
        (
            1.3099771546273005,
            0.4315537946029889,
            0.633661698960724,
            0.5994305347859163,
            0.7541832263280113,
            0.9042885798596336,
            1.3658118352370285,
            4.8236988172271555,
            2.3986848661317546,
            4.568874597667672,
            5.6753414705806415,
        ),
    ),
    Minimum(
        1.78981358688109,
        (
            0.9170384188033986,
            *(6.5, 6.5, 7.0),
            0.1327547810947387,
            *(30.0, 50.0, 70.0, 20.0, 45.0, 55.0),
        ),
        "plateau",
        (10, 100),
    ),
)
