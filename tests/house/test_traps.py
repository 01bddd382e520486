"""Each trap of clusters, value, predictions and drift has a test that catches it: which one, and that it is there."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CLUSTERING, _FEATURES, _VALUE = (f"tests/learning/{room}" for room in ("clustering", "features", "value"))
_STUDY = f"{_VALUE}/test_value_study.py"
_METHODS = f"{_CLUSTERING}/test_methods.py"
_PREDICTION, _DRIFT = "tests/learning/prediction", "tests/learning/drift"
_CHANCES, _PARTS = f"{_PREDICTION}/test_prediction_study.py", f"{_PREDICTION}/test_prediction_parts.py"
_PAST = "tests/pipeline/test_prediction_scores.py"
_EXPLAINED = "tests/learning/models/test_model_explanation.py"

TRAPS = {
    "T1 raw money makes clusters of a handful": [
        f"{_FEATURES}/test_skewed_money.py::test_five_clusters_of_real_buyers_have_no_handful_unless_money_is_left_as_it_is",
        f"{_FEATURES}/test_skewed_money.py::test_raw_scalings_of_skewed_money_warn_in_words_and_those_that_bend_do_not",
        f"{_CLUSTERING}/test_choice.py::test_a_cluster_must_hold_one_percent_and_fifty_people_relaxed_for_few",
    ],
    "T2 one start ends in a poor solution": [
        f"{_CLUSTERING}/test_kmeans.py::test_what_is_chosen_is_as_tight_as_ten_starts_on_everyone",
    ],
    "T3 bad luck of the optimiser is taken for instability": [
        f"{_CLUSTERING}/test_discovery.py::test_people_of_known_groups_are_found_again",
        f"{_CLUSTERING}/test_discovery.py::test_of_two_clusters_too_many_one_does_not_come_back",
    ],
    "T4 clusters are compared by their numbers": [
        f"{_CLUSTERING}/test_match.py::test_renumbering_clusters_changes_nothing",
        f"{_CLUSTERING}/test_match.py::test_a_split_is_reported_with_the_cluster_it_came_from",
        f"{_CLUSTERING}/test_match.py::test_a_merger_is_reported_with_the_cluster_that_took_its_people",
    ],
    "T5 another time is measured with another ruler": [
        f"{_CLUSTERING}/test_periods.py::test_halves_of_one_population_have_the_same_clusters_and_nothing_is_said",
        f"{_CLUSTERING}/test_periods.py::test_only_the_cluster_that_moved_is_flagged",
        f"{_CLUSTERING}/test_periods_of_methods.py::test_only_the_cluster_that_moved_is_flagged_by_any_method",
        "tests/web/test_studio_over_time.py::test_drift_that_was_planted_is_named_with_its_size",
    ],
    "T6 a sampled silhouette has no error": [
        f"{_CLUSTERING}/test_silhouette.py::test_a_sample_lies_within_three_standard_errors_of_everyone",
        f"{_CLUSTERING}/test_silhouette.py::test_the_squared_silhouette_is_exactly_that_of_sklearn",
    ],
    "T7 an elbow is seen in noise": [
        f"{_CLUSTERING}/test_discovery.py::test_no_personas_are_invented_from_noise",
        f"{_CLUSTERING}/test_compared_methods.py::test_noise_has_no_structure_for_any_method",
    ],
    "T8 a radius of DBSCAN fills the memory": [
        f"{_METHODS}::test_a_radius_that_relates_too_many_people_is_refused_with_the_estimate",
    ],
    "T9 Ward's tree holds all pairs": [
        f"{_METHODS}::test_wards_tree_of_twenty_thousand_people_takes_less_than_300_megabytes",
        f"{_METHODS}::test_wards_tree_of_many_people_never_holds_their_pairs",
        f"{_METHODS}::test_cophenetic_correlations_of_iris_are_the_published_ones",
    ],
    "T10 a model stands on t-SNE": [
        f"{_FEATURES}/test_components.py::test_no_model_stands_on_a_picture",
    ],
    "T11 a Bayesian mixture is believed to find the number": [
        f"{_METHODS}::test_heavy_tails_keep_extra_bayesian_components_while_icl_finds_the_groups",
        f"{_METHODS}::test_heavy_tails_in_twenty_features_are_eight_groups_by_icl",
        f"{_METHODS}::test_in_twenty_features_more_components_than_groups_hold_over_a_hundredth_of_the_people",
    ],
    "T12 one text outweighs all numbers": [
        f"{_FEATURES}/test_encoding.py::test_a_random_text_of_fifty_levels_does_not_change_the_clusters",
        "tests/cli/test_discover_table.py::test_a_category_of_many_levels_that_mean_nothing_changes_no_cluster",
        "tests/cli/test_discover_table.py::test_a_category_that_makes_the_clusters_is_told",
    ],
    "T13 a model has other parameters where it is applied": [
        f"{_CLUSTERING}/test_model.py::test_a_model_survives_json_to_the_last_bit",
        f"{_CLUSTERING}/test_assignment_sql.py::test_one_person_alone_is_assigned_as_in_the_crowd_and_as_in_sql",
        f"{_CLUSTERING}/test_assignment_of_other_models.py::test_of_many_people_none_has_another_cluster",
        "tests/pipeline/test_cluster_features.py::test_the_next_run_gives_everybody_the_cluster_that_the_discovery_gave_them",
    ],
    "T14 ties of quantiles are spread by accident": [
        f"{_VALUE}/test_rfm_limits.py::test_cdnow_has_five_levels_each_defined_and_the_order_of_people_changes_nothing",
        f"{_VALUE}/test_rfm.py::test_the_order_of_people_does_not_matter_and_equal_people_score_alike",
    ],
    "T15 times are read in another zone": [
        "tests/collection/test_real_purchases.py::test_baskets_fall_on_the_right_day_and_hour",
        "tests/collection/test_real_purchases.py::test_days_of_the_zone_hold_every_basket_once_and_have_23_or_25_hours_when_the_clocks_change",
        "tests/collection/test_real_purchases.py::test_read_naively_many_baskets_fall_on_the_wrong_day",
    ],
    "T16 mean + 1 sd is of the population here and of a sample there": [
        "src/kohort/testing/suite/laws.py::test_mean_and_a_deviation_are_of_the_sample_in_every_engine",
    ],
    "T20 features know of what came after": [
        "tests/pipeline/test_cluster_features.py::test_a_table_at_a_cut_off_is_byte_for_byte_that_of_data_which_end_there",
        "tests/pipeline/test_cluster_features.py::test_recency_of_the_extraction_tells_the_future_and_is_found_out_while_that_of_the_cut_off_does_not",
        f"{_STUDY}::test_the_features_of_a_day_know_nothing_of_later_days",
        f"{_PAST}::test_features_at_a_cut_off_are_those_of_a_world_that_ended_there",
        f"{_PREDICTION}/test_cdnow_predictions.py::test_recency_of_the_day_of_extraction_sets_off_the_alarm",
    ],
    "T21 who came lately is counted as gone": [
        f"{_STUDY}::test_lately_acquired_people_do_not_bias_how_many_stop",
        f"{_PAST}::test_right_censored_people_are_left_out_and_the_rate_comes_out_right",
        f"{_PAST}::test_those_who_already_did_it_are_left_out_too_if_their_time_is_not_over",
    ],
    "T22 the first purchase is counted as a repeat": [
        f"{_VALUE}/test_purchase_histories.py::test_the_summary_of_the_raw_log_is_the_published_one",
        f"{_VALUE}/test_purchase_histories.py::test_purchases_of_one_day_are_merged_and_told",
        f"{_VALUE}/test_purchase_models.py::test_the_first_purchase_counted_as_a_repeat_is_seen_in_the_fit",
    ],
    "T23 who bought once is alive for certain": [
        f"{_STUDY}::test_expected_purchases_and_the_chance_to_buy_tell_who_comes_back_and_alive_does_not",
        f"{_STUDY}::test_who_bought_once_is_shown_the_rate_of_the_holdout",
    ],
    "T24 who buys often buys dearer": [
        f"{_VALUE}/test_purchase_values.py::test_who_buys_often_and_dear_is_warned_of",
        f"{_VALUE}/test_purchase_values.py::test_people_without_a_price_are_left_out",
    ],
    "T25 default priors are taken for the likelihood": [
        f"{_VALUE}/test_posterior.py::test_default_priors_pull_the_chance_to_stop",
        "tests/cli/test_clv.py::test_published_results_come_out_of_the_plain_file",
    ],
    "T26 nobody looks at what was held out": [
        f"{_STUDY}::test_bg_nbd_foretells_the_published_holdout_of_cdnow",
        f"{_STUDY}::test_calibration_adds_up_to_everybody",
    ],
    "T27 what is made, scaled or selected knows of who judges": [
        f"{_PREDICTION}/test_prediction_leaks.py::test_chances_do_not_move_with_who_else_is_held_out",
        f"{_CHANCES}::test_shuffled_labels_tell_nothing_through_the_whole_way",
        "tests/cli/test_train.py::test_a_feature_that_knows_the_label_is_told",
    ],
    "T28 one person learns and judges": [
        f"{_PARTS}::test_no_person_is_on_both_sides_of_a_fold",
        f"{_CHANCES}::test_people_and_not_rows_are_drawn_and_parted",
        "tests/cli/test_train.py::test_who_comes_twice_does_not_raise_the_area",
    ],
    "T29 what changes with time is judged by mixed times": [
        f"{_PARTS}::test_what_is_learnt_in_time_was_over_before_what_is_judged",
        f"{_PAST}::test_the_judged_stretch_is_later_than_every_label_that_was_learnt",
        "tests/cli/test_train.py::test_in_time_a_regime_that_changed_is_seen",
    ],
    "T30 accuracy flatters who always says no": [
        f"{_PREDICTION}/test_prediction_measures.py::test_all_measures_come_with_intervals_and_no_accuracy",
        f"{_CHANCES}::test_a_rare_goal_is_captured_and_costs_are_told",
    ],
    "T31 scores are cut before they are chances": [
        f"{_CHANCES}::test_every_band_holds_what_it_says_on_people_of_another_draw",
        f"{_PARTS}::test_bands_hold_everybody_once_and_say_which_are_empty",
        f"{_PARTS}::test_with_right_chances_the_cheapest_threshold_is_that_of_theory",
        f"{_PARTS}::test_who_is_taken_is_who_scikit_learn_takes",
    ],
    "T32 a threshold is tuned on those who judge it": [
        f"{_CHANCES}::test_a_threshold_tuned_on_noise_gains_nothing",
    ],
    "T33 balancing changes chances": [
        f"{_CHANCES}::test_chances_that_balancing_distorted_are_repaired",
    ],
    "T34 margins and votes are taken for chances": [
        f"{_CHANCES}::test_every_band_holds_what_it_says_on_people_of_another_draw",
        f"{_PARTS}::test_votes_of_trees_and_margins_become_chances",
        f"{_PARTS}::test_no_curve_says_never_or_always_because_of_a_few_people",
    ],
    "T35 a contribution is read as a cause": [
        f"{_EXPLAINED}::test_contributions_add_up",
        f"{_EXPLAINED}::test_two_copies_of_a_feature_share_and_are_told_as_one_group",
        f"{_EXPLAINED}::test_no_sentence_names_a_cause",
        f"{_EXPLAINED}::test_the_unit_is_told",
    ],
    "T43 of a million people every difference is sure": [
        f"{_DRIFT}/test_alarm.py::test_of_a_million_people_a_hundredth_of_a_standard_deviation_is_sure_and_no_alarm",
        f"{_DRIFT}/test_alarm.py::test_a_year_of_weeks_in_which_nothing_happens_has_at_most_one_alarm",
        f"{_DRIFT}/test_alarm.py::test_a_shift_of_a_quarter_of_a_standard_deviation_is_found_in_its_first_window",
    ],
    "T44 bins are empty, or those of each window": [
        "tests/stats/test_divergences.py::test_the_index_of_a_table_worked_by_hand",
        "tests/stats/test_divergences.py::test_an_empty_bin_counts_as_half_a_person_and_nothing_else_is_touched",
        f"{_DRIFT}/test_alarm.py::test_bins_are_those_of_the_reference_and_not_of_each_window",
        f"{_DRIFT}/test_alarm.py::test_who_has_no_value_any_more_and_new_words_are_drift",
    ],
    "T45 December is taken for drift": [
        f"{_DRIFT}/test_alarm.py::test_a_season_is_no_drift_where_it_is_compared_with_the_year_before",
        f"{_DRIFT}/test_streams.py::test_a_seasonal_swing_is_proposed_in_at_most_5_of_100_streams_over_a_whole_year",
        "tests/pipeline/test_model_drift.py::test_a_season_is_told_from_drift_only_where_a_year_before_is_known",
    ],
    # Nothing here looks for breaks in a whole series afterwards: drift is looked for window by window, as it comes.
    "T46 a break is found late, or elsewhere": [
        f"{_DRIFT}/test_alarm.py::test_a_shift_of_a_quarter_of_a_standard_deviation_is_found_in_its_first_window",
        f"{_DRIFT}/test_streams.py::test_planted_drift_is_proposed_within_two_windows_in_95_of_100_streams",
    ],
    # What is foretold here is people's purchases and chances, each beside the rule that anybody would take.
    "T47 a forecast stands beside nothing": [
        f"{_STUDY}::test_on_cdnow_the_model_does_without_most_of_the_error_of_going_on_at_the_same_rate",
        f"{_STUDY}::test_bg_nbd_foretells_the_published_holdout_of_cdnow",
        f"{_CHANCES}::test_the_rule_is_taken_where_nothing_beats_it",
    ],
    "T49 look-alikes copy the seed, and members stand among the others": [
        "tests/pipeline/test_lookalikes.py::test_hidden_members_are_found_and_the_truth_lies_within_what_is_told",
        "tests/pipeline/test_lookalikes.py::test_nothing_is_learnt_from_that_defines_the_seed",
        "tests/pipeline/test_lookalikes.py::test_copies_and_protected_traits_are_left_out_with_the_reason",
        "tests/pipeline/test_lookalikes.py::test_who_joins_the_seed_after_the_run_leaves_the_lookalikes_at_once",
        "tests/pipeline/test_lookalikes_at_entry.py::test_what_comes_after_entering_changes_nothing_of_the_model",
        "tests/pipeline/test_lookalikes_at_entry.py::test_features_that_carry_only_time_tell_nobody_apart",
        "tests/cli/test_lookalike.py::test_the_truth_of_a_real_table_lies_within_what_hidden_members_tell",
        "tests/learning/test_lookalike_quality.py::test_a_shuffled_seed_is_as_good_as_lots_and_is_told_so",
    ],
    "T50 threads change what is found": [
        f"{_CLUSTERING}/test_discovery.py::test_the_same_seed_gives_the_same_clusters_on_one_thread_and_on_two",
        f"{_CLUSTERING}/test_discovery.py::test_clusters_are_numbered_by_descending_value",
        f"{_CHANCES}::test_threads_change_nothing",
    ],
}  # fmt: skip


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_has_its_test(trap: str) -> None:
    for one in TRAPS[trap]:
        path, _, name = one.partition("::")
        assert name in functions_of(path), f"{trap}: {one} is not there"


def test_no_trap_is_left_out() -> None:
    numbers = (*range(1, 17), *range(20, 36), *range(43, 48), 49, 50)
    named = [trap.split()[0] for trap in TRAPS]
    assert len(set(named)) == len(named)
    assert set(named) == {f"T{number}" for number in numbers}
