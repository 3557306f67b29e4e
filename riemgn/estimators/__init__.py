"""scikit-learn estimators; `import riemgn` loads them, and scikit-learn, on first use."""

from riemgn.estimators.classifier import GaussNewtonClassifier
from riemgn.estimators.regressor import GaussNewtonRegressor

__all__ = ["GaussNewtonClassifier", "GaussNewtonRegressor"]
