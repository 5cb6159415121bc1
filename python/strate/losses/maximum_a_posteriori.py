from __future__ import annotations

from math import isfinite

from strate.losses.cross_entropy import CrossEntropy


class MaximumAPosteriori(CrossEntropy):
    """J = p_t + log(exp(-j) + sum_i exp(-p_i)), p_i the penalty of class i, t the target.

    The criterion that LeNet-5 was trained with (LeCun et al., 1998, equation 9): it pushes the
    penalty of the right class down and pulls up those of the wrong ones, which j keeps from growing
    without bound. The outputs are negated penalties, y_i = -p_i, as `RBF` gives them: then J is
    cross-entropy with one more class, of rubbish, whose logit is always -j.

    Args:
        rubbish: j, the penalty of the class of rubbish, above 0. Default: 1.
        reduction: "mean" (default) or "sum" over samples.
    Shapes:
        y (N, classes), negated penalties; target as for CrossEntropy
    Raises:
        ValueError: a j that is not above 0, a label out of range.

    >>> loss, dy = st.MaximumAPosteriori(rubbish=2.0)(st.tensor([[-2.0, -2.0]]), st.tensor([1]))
    >>> round(float(loss), 4), [round(d, 4) for d in dy.tolist()[0]]
    (1.0986, [0.3333, -0.6667])
    """

    def __init__(self, rubbish: float = 1.0, reduction: str = "mean"):
        super().__init__(reduction=reduction)
        self.rubbish = float(rubbish)
        if not (isfinite(self.rubbish) and self.rubbish > 0):
            raise ValueError(f"MaximumAPosteriori: rubbish is above 0; got rubbish={rubbish}")
        self.background = -self.rubbish

    def check(self, output_activation):
        if output_activation != "identity":
            raise ValueError(
                "maximum_a_posteriori takes negated penalties, as RBF gives them; "
                f"got activation={output_activation!r} on the last layer"
            )

    def describe(self, output_activation):
        return (
            f"J = -y_t + log(exp(-{self.rubbish:g}) + sum_i exp(y_i)), {self.reduction} over samples; "
            "the outputs y are negated penalties"
        )
