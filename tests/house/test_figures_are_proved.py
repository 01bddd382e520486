"""Each figure that discovery, personas, RFM and value show is computed again by another program: in which test."""
# ruff: noqa: E501

import pytest
from test_traps import functions_of

_CLUSTERING, _VALUE = "tests/learning/clustering", "tests/learning/value"
_AGAIN = f"{_CLUSTERING}/test_figures_computed_again.py"
_METHODS, _PERIODS = f"{_CLUSTERING}/test_methods.py", f"{_CLUSTERING}/test_periods_of_methods.py"
_PERSONAS, _RULES = "tests/learning/personas/test_persona_figures.py", "tests/learning/personas/test_persona_rules.py"
_MODELS, _AMOUNTS, _STUDY = (
    f"{_VALUE}/test_{name}.py" for name in ("purchase_models", "purchase_values", "value_study")
)
_POWER = "tests/measurement/test_prediction.py"

FIGURES = {
    # Discovery
    "inertia": f"{_AGAIN}::test_the_inertia_of_a_candidate_is_that_of_scikit_learn",
    "elbow": f"{_AGAIN}::test_the_elbow_is_the_point_farthest_from_the_line_between_the_ends",
    "silhouette over squared distances": f"{_CLUSTERING}/test_silhouette.py::test_the_squared_silhouette_is_exactly_that_of_sklearn",
    "sampled silhouette and its error": f"{_AGAIN}::test_the_error_of_a_silhouette_is_that_of_a_mean_of_scikit_learns",
    "stability": f"{_AGAIN}::test_stability_is_that_of_hennigs_loop_with_k_means_of_scikit_learn",
    "interval of a stability": f"{_AGAIN}::test_the_interval_of_a_stability_is_between_the_draws_in_order",
    "similarity among people left out": f"{_CLUSTERING}/test_folds.py::test_each_similarity_is_what_the_sets_of_people_say",
    "gap and its error": f"{_AGAIN}::test_a_gap_and_its_error_are_those_of_the_paper_with_k_means_of_scikit_learn",
    "border density": f"{_AGAIN}::test_the_border_density_is_counted_person_by_person",
    "density validity": f"{_METHODS}::test_density_validity_is_that_of_the_paper",
    "sizes, people in none, adjusted Rand index": f"{_CLUSTERING}/test_compared_methods.py::test_every_figure_of_the_table_is_that_of_the_evaluated_people",
    "Ward's tree": f"{_METHODS}::test_wards_tree_is_that_of_scipy",
    "cophenetic correlation": f"{_METHODS}::test_cophenetic_correlations_of_iris_are_the_published_ones",
    "radius of DBSCAN on the curve of distances": f"{_METHODS}::test_the_distance_curve_is_that_of_all_pairs_and_its_knee_lies_between_crowd_and_strays",
    "pairs within a radius": f"{_METHODS}::test_the_estimate_of_pairs_is_near_the_count",
    "ICL and entropy": f"{_METHODS}::test_a_mixture_is_that_of_sklearn_in_plain_parameters",
    "certainty and gain of a mixture": f"{_AGAIN}::test_what_is_told_of_a_mixture_is_that_of_scipys_normal_densities",
    "principal components": "tests/learning/features/test_projection.py::test_axes_and_shares_are_those_of_sklearn",
    # Over time, and later conversion
    "drift of k-means and its interval": f"{_AGAIN}::test_a_shift_of_k_means_is_a_difference_of_means_with_the_error_of_welchs_test",
    "drift of any other method": f"{_PERIODS}::test_the_error_over_halves_is_that_of_a_mean",
    "cohorts": "tests/pipeline/test_cluster_periods.py::test_cohorts_count_who_came_in_a_month_and_who_is_active_later",
    "area under the curve": f"{_POWER}::test_the_area_is_that_of_scikit_learn",
    "Cramér's V": f"{_POWER}::test_cramers_v_is_that_of_scipy_where_there_are_many_people",
    "lift": "tests/measurement/test_lift.py::test_who_is_captured_is_counted_person_by_person",
    "intervals of shares": "tests/stats/test_intervals.py::test_wilson_gives_the_values_published_by_newcombe_1998a_table_1",
    # Personas
    "effects, medians, value, shares": f"{_PERSONAS}::test_effects_medians_value_and_shares_are_those_of_plain_loops",
    "habits": f"{_PERSONAS}::test_a_habit_has_the_lift_of_katz_and_the_p_value_of_scipy_after_holm",
    "fidelity of a rule": f"{_RULES}::test_fidelity_is_that_of_scikit_learn",
    "interval of a fidelity": f"{_RULES}::test_the_bootstrap_of_counts_is_that_of_people",
    "similarity to the persona before": "tests/learning/personas/test_lineage.py::test_the_matching_is_the_best_of_all_and_none_is_below_a_half",
    # RFM and value
    "RFM": f"{_VALUE}/test_rfm.py::test_scores_are_those_of_counting_one_by_one",
    "purchase histories": f"{_VALUE}/test_purchase_histories.py::test_the_summary_of_the_raw_log_is_the_published_one",
    "BG/NBD, MBG/NBD, Pareto/NBD": f"{_MODELS}::test_the_published_parameters_of_cdnow_are_found",
    "interval of a parameter": f"{_MODELS}::test_the_border_of_a_profile_is_where_the_likelihood_has_fallen_by_its_critical_value",
    "purchases to expect by BG/NBD, MBG/NBD": f"{_MODELS}::test_expectations_of_beta_geometric_models_are_integrals",
    "purchases to expect by Pareto/NBD": f"{_MODELS}::test_expectations_of_pareto_nbd_are_integrals",
    "gamma-gamma": f"{_AMOUNTS}::test_the_published_parameters_of_cdnow_are_found",
    "correlation of frequency and value": f"{_AMOUNTS}::test_values_of_cdnow_go_with_frequency_as_little_as_published",
    "holdout, published": f"{_STUDY}::test_bg_nbd_foretells_the_published_holdout_of_cdnow",
    "holdout, every measure": f"{_STUDY}::test_what_a_holdout_is_judged_by_is_that_of_plain_loops_and_scikit_learn",
    "area of who comes back": f"{_STUDY}::test_expected_purchases_and_the_chance_to_buy_tell_who_comes_back_and_alive_does_not",
    "error that a forecast does without": f"{_STUDY}::test_what_a_forecast_does_without_is_that_of_a_second_implementation_and_its_interval_of_people_drawn_again",
    "discount": f"{_STUDY}::test_discounting_is_the_sum_of_what_comes_each_day",
    "tenths and the top": f"{_STUDY}::test_tenths_and_the_top_add_up",
    "intervals of worth, chance to be at the top": f"{_STUDY}::test_intervals_and_the_top_are_those_of_worlds_told_purchase_by_purchase",
}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_its_test(figure: str) -> None:
    path, _, name = FIGURES[figure].partition("::")
    assert name in functions_of(path), f"{figure}: {FIGURES[figure]} is not there"
