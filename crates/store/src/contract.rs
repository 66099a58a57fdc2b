//! The suite every adapter passes: what the port promises, one named check per promise.
//!
//! An adapter runs all of it with one line, `suite!(make)`, where `make` yields a fresh store and whatever must live as
//! long as it. Ann and Bob are always there, so that every check can see that nothing of Bob's changed.

pub(crate) mod accounts;
pub(crate) mod artefacts;
pub(crate) mod credentials;
pub(crate) mod event_streams;
pub(crate) mod families;
pub(crate) mod logs;
pub(crate) mod outbox;
pub(crate) mod registry;
pub(crate) mod revocations;
pub(crate) mod rotation;
pub(crate) mod session_values;
pub(crate) mod sessions;
pub(crate) mod sign_ups;
pub(crate) mod statuses;
pub(crate) mod sweep;
pub(crate) mod throttle;
pub(crate) mod users;
pub(crate) mod world;

macro_rules! suite {
    ($make:expr) => {
        $crate::contract::throttle_suite!({
            let (keep, store) = $make;
            (keep, $crate::contract::World::new(store).await)
        });
        $crate::contract::suite! { @ $make;
            accounts {
                a_blocked_user_changes_nothing
                a_changed_password_ends_everything_and_is_told_once
                an_account_has_one_app_however_many_are_set_up_at_once
                an_account_is_deleted_as_it_was_read_and_told
                an_address_by_the_operator_ends_every_link_about_the_one_before
                an_address_changes_once_with_what_takes_it_back
                an_app_in_anothers_place_ends_what_is_elsewhere
                of_all_who_have_a_role_one_stays_whoever_goes_at_once
                of_parallel_changes_of_a_password_one_counts
                of_parallel_proofs_of_an_address_one_counts
                of_two_that_may_be_the_only_one_the_last_stays
                people_see_their_own_events_and_nobody_elses
                people_see_what_they_allowed_and_when_it_was_used
                what_is_elsewhere_ends_and_what_is_here_goes_on
                who_is_blocked_or_has_another_role_takes_nobodys_place
                who_it_was_not_shuts_the_account_once_and_takes_its_address_back
            }
            artefacts {
                a_code_is_redeemed_once_with_all_that_is_born_of_it
                a_redeemed_code_says_so_even_when_expired
                a_second_kind_does_not_find_the_hash
                an_exchange_uses_one_and_stores_the_other_or_neither
                an_answer_gives_what_waits_its_user_once
                an_answer_needs_the_user_as_read_and_a_live_session
                an_answer_tells_of_itself_or_does_not_count
                an_expired_artefact_is_refused
                an_unknown_artefact_is_unknown
                code_facts_are_read_together
                no_for_an_answer_leaves_nothing_to_redeem
                of_parallel_answers_one_counts
                of_parallel_code_redemptions_one_wins
                of_parallel_exchanges_one_wins_and_the_others_leave_nothing
                of_parallel_redemptions_one_wins
                redemption_refuses_a_blocked_user
                redemption_refuses_a_foreign_user
                redemption_refuses_an_ended_session
                redemption_tells_when_the_handle_changed
                the_same_hash_cannot_be_put_twice
                usable_artefacts_are_those_of_one_kind_and_user_the_newest_first
            }
            credentials {
                a_credential_is_found_by_its_key_and_by_its_user
                a_key_is_one_credentials_of_its_kind
                a_removal_ends_what_is_elsewhere_and_nothing_here
                a_reset_leaves_no_factor_and_no_session
                a_use_counts_once_and_never_goes_back
                credentials_go_with_their_user
                new_ones_need_the_user_as_read_and_replace_their_kind
                of_parallel_uses_one_counts
                streams_hear_of_factors_and_not_of_recovery_codes
                the_last_factor_takes_the_recovery_codes_along
            }
            event_streams {
                a_client_has_its_own_streams_and_not_too_many
                a_deleted_stream_leaves_nothing_that_waits
                a_disabled_stream_hears_and_keeps_nothing
                a_full_stream_is_paused_and_says_so
                a_paused_stream_keeps_its_events_in_order
                a_refused_operation_tells_no_stream
                a_stream_changes_only_as_it_was_read
                a_stream_hears_what_it_asked_for_and_nothing_else
                a_verification_is_not_asked_for_too_often
                an_event_that_is_put_back_waits_where_its_stream_is_now
                events_are_polled_in_order_until_they_are_taken
                events_say_whether_the_client_knows_the_user
                what_a_third_party_may_not_hear_takes_no_room_and_no_number
                of_parallel_ends_each_is_told_once_and_numbered
                what_ends_a_user_is_told_with_one_cause
                what_takes_from_a_user_is_told
            }
            families {
                a_family_lists_while_it_lives
                a_family_without_a_code_needs_its_user_as_read
                a_noted_access_token_is_revoked_with_its_family
                an_access_token_is_revoked_with_its_family_or_alone
                ending_twice_ends_nothing_twice
                note_is_refused_after_the_end
                only_unexpired_access_tokens_are_logged
                theft_ends_family_and_session_but_no_other_device
                token_facts_are_read_together
                withdrawn_consent_ends_the_clients_families_only
            }
            logs {
                audit_is_read_in_order_and_in_pages
                audit_takes_any_text
                consents_grow_and_stay_apart
                meta_is_written_once
                of_parallel_first_times_one_is_first
                remembered_keys_are_forgotten_after_their_time
            }
            outbox {
                a_client_is_told_although_its_tokens_are_long_gone
                a_client_that_got_an_id_token_alone_is_told_of_the_end
                a_failed_message_waits_for_its_time
                a_message_comes_back_as_it_went_in_and_is_due_at_once
                a_refused_end_tells_nobody
                a_session_ends_with_its_message_however_it_ends
                an_unwanted_message_leaves_no_trace
                every_client_of_a_session_is_told_of_its_end_once
                new_messages_are_seen_by_who_watches
                of_parallel_claims_each_message_goes_to_one
                pages_of_deliveries_begin_with_the_newest
                targets_are_told_apart_and_the_longest_due_comes_first
                what_ends_all_of_a_user_tells_all_their_clients
                what_fails_too_long_is_given_up_and_can_be_put_back
                what_is_sealed_goes_when_the_message_has_arrived
                what_is_settled_is_kept_for_a_week_and_what_waits_for_ever
                what_is_taken_is_nobody_elses_until_the_lease_is_over
                who_cannot_be_reached_is_not_tried_with_every_message
            }
            registry {
                a_failing_write_takes_all_of_its_batch_back
                a_refused_batch_is_no_change
                a_revision_never_comes_back
                a_version_that_never_was_has_no_changes
                an_empty_batch_changes_nothing
                changes_since_a_version_are_told_as_things_are_now
                documents_of_a_kind_come_in_pages_by_id
                of_parallel_updates_of_one_revision_one_wins
                revisions_guard_against_lost_updates
                versions_are_watched
            }
            revocations {
                a_change_and_what_it_revokes_are_one_transaction
                an_entry_outlives_the_last_token_by_a_guards_leeway
                an_id_is_revoked_once_and_a_rule_as_often_as_its_time_moves
                revocations_are_read_in_order_and_in_pages
                rules_are_told_with_the_facts_of_a_token
                the_log_is_numbered_without_holes
                whatever_revokes_is_seen_by_who_watches
            }
            rotation {
                a_family_past_its_absolute_expiry_does_not_rotate
                a_lost_answer_gets_a_new_successor
                a_rotation_forgets_what_was_superseded_before
                only_a_family_with_a_current_and_a_superseded_token_forgets
                a_new_handle_makes_rotation_decide_again
                a_successor_of_another_family_is_refused
                a_used_successor_cannot_be_replaced
                an_ended_family_does_not_rotate
                an_ended_session_stops_bound_families_only
                an_expired_or_unknown_token_does_not_rotate
                of_parallel_repairs_one_wins
                of_parallel_rotations_one_wins_and_the_family_cannot_fork
                rotation_supersedes_and_seals
                a_token_is_found_in_the_family_it_names_and_without_a_name_only_if_it_is_old
                ten_refreshers_at_once_all_go_on
            }
            session_values {
                a_session_can_begin_with_its_family
                a_rule_ends_the_session_values_it_is_about_and_no_other_family
                a_session_value_is_found_with_all_that_decides_about_it
                an_ended_session_value_is_forgotten_before_its_expiry
                nothing_begins_with_a_family_that_is_refused
                what_ends_a_session_value_is_logged_for_a_guards_memory_only
            }
            sessions {
                a_blocked_or_deleted_user_begins_no_session
                a_new_session_ends_the_one_it_replaces
                a_taken_sid_or_hash_is_refused
                authenticating_again_changes_the_cookie_only
                ending_a_session_ends_what_is_bound_to_it
                live_sessions_are_listed
                pages_of_sessions_cover_all_once
                touch_moves_the_idle_expiry_within_bounds
            }
            sign_ups {
                a_proof_that_cannot_be_used_makes_no_account
                a_sign_up_makes_the_account_and_its_session_once
                an_account_of_which_more_is_asked_begins_without_a_session
                artefacts_of_a_kind_are_listed_while_they_can_be_used
                of_parallel_ends_of_one_sign_up_one_wins
                of_two_sign_ups_with_one_address_one_gets_it
                what_is_told_of_an_artefact_is_told_with_it_or_not_at_all
                whose_session_it_was_before_is_signed_out
            }
            statuses {
                a_list_goes_with_its_last_token
                a_list_says_what_the_revocation_log_says
                every_place_of_a_list_is_given_once_and_not_in_order
            }
            sweep {
                a_spent_family_goes_with_its_last_token
                audit_goes_by_its_own_retention
                batches_are_small_and_say_when_there_is_more
                ended_things_are_kept_for_their_time
                nothing_live_is_swept
                superseded_tokens_stay_as_long_as_a_replay_matters
            }
            users {
                a_reset_link_that_cannot_be_used_changes_nothing
                a_page_tour_sees_everyone_once
                a_rehash_needs_the_old_hash_and_ends_nothing
                a_reset_link_proves_the_address_it_was_mailed_to_and_no_other
                a_reset_link_proves_nothing_to_whoever_keeps_a_passkey
                blocking_ends_everything_and_unblocking_revives_nothing
                deletion_leaves_nothing_that_works
                forged_cursors_are_refused
                identifiers_are_unique_across_kinds_and_users
                of_parallel_resets_by_one_link_one_sets_the_password
                of_many_users_those_are_made_of_whom_nobody_has_anything
                of_parallel_imports_each_identifier_has_one_owner
                of_parallel_sign_ups_one_gets_the_identifier
                password_change_ends_everything_of_this_user_only
                records_come_back_as_they_went_in
                roles_change_without_ending_sessions
                search_finds_parts_and_takes_signs_literally
                sign_out_everywhere_keeps_the_password
                unknown_users_are_not_found
                updates_keep_what_they_do_not_name
            }
        }
    };
    (@ $make:expr; $($module:ident { $($check:ident)+ })+) => {
        $(mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $check() {
                    let (_keep, store) = $make;
                    $crate::contract::$module::$check($crate::contract::World::new(store).await).await;
                }
            )+
        })+
    };
}

/// The part of the suite that whatever else counts attempts passes, too.
macro_rules! throttle_suite {
    ($make:expr) => {
        $crate::contract::throttle_suite! { @ $make;
            a_quiet_window_forgets
            a_refused_attempt_is_not_counted_anywhere
            an_attempt_given_back_is_one_attempt
            forgiveness_forgets_the_named_keys_only
            of_parallel_attempts_only_the_free_ones_pass
            the_clock_going_back_locks_nobody_out
            the_delay_grows
        }
    };
    (@ $make:expr; $($check:ident)+) => {
        mod throttle {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $check() {
                    let (_keep, counts) = $make;
                    $crate::contract::throttle::$check(counts).await;
                }
            )+
        }
    };
}

pub(crate) use suite;
pub(crate) use throttle_suite;
pub(crate) use world::World;
