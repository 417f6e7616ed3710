from __future__ import annotations

from media.bwe.report_loss import CEILING_BPS, FLOOR_BPS, START_BPS, ReportLossEstimator


def test_a_clean_link_reaches_a_lecturer_in_five_reports() -> None:
    estimator = ReportLossEstimator()
    for second in range(5):
        estimator.on_loss(0.0, float(second))
    assert estimator.estimate_bps() > 1_500_000


def test_it_never_leaves_its_bounds() -> None:
    estimator = ReportLossEstimator()
    for second in range(60):
        estimator.on_loss(0.0, float(second))
    assert estimator.estimate_bps() == CEILING_BPS
    for second in range(60, 200):
        estimator.on_loss(1.0, float(second))
    assert estimator.estimate_bps() == FLOOR_BPS


def test_loss_between_the_thresholds_changes_nothing() -> None:
    estimator = ReportLossEstimator()
    for second in range(10):
        estimator.on_loss(0.05, float(second))
    assert estimator.estimate_bps() == START_BPS


def test_the_worst_block_of_a_second_decides() -> None:
    estimator = ReportLossEstimator()
    estimator.on_loss(0.0, 0.0)
    grown = estimator.estimate_bps()
    estimator.on_loss(0.5, 0.4)
    estimator.on_loss(0.0, 1.0)
    assert estimator.estimate_bps() == round(grown * 0.75)


def test_growth_is_slow_after_a_fall() -> None:
    estimator = ReportLossEstimator()
    estimator.on_loss(0.2, 0.0)
    fallen = estimator.estimate_bps()
    estimator.on_loss(0.0, 1.0)
    assert estimator.estimate_bps() == round(fallen * 1.05)
