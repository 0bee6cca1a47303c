use super::*;

#[test]
fn every_kind_state_and_reason_has_a_number() {
    for kind in Kind::ALL {
        assert_eq!(read_kind(kind_number(*kind)).unwrap(), *kind);
    }
    for state in ObligationState::ALL {
        assert_eq!(read_obligation_state(obligation_number(*state)).unwrap(), *state);
    }
    for hold in HoldReason::ALL {
        assert_eq!(read_hold(hold_number(*hold)).unwrap(), *hold);
    }
    for claim in ClaimState::ALL {
        assert_eq!(read_claim_state(claim_number(*claim)).unwrap(), *claim);
    }
    for stage in [Stage::Assessment, Stage::Treatment] {
        assert_eq!(read_stage(stage_number(stage)).unwrap(), stage);
    }
    for state in State::ALL {
        assert_eq!(State::read(state.number()).unwrap(), state);
    }
}

#[test]
fn the_numbers_begin_at_nought_and_no_two_are_the_same() {
    fn check<T: Copy>(all: &[T], number: impl Fn(T) -> i64) {
        let mut numbers: Vec<i64> = all.iter().map(|item| number(*item)).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq((0_i64..).take(all.len())), "{numbers:?}");
    }
    check(Kind::ALL, kind_number);
    check(ObligationState::ALL, obligation_number);
    check(HoldReason::ALL, hold_number);
    check(ClaimState::ALL, claim_number);
    check(&[Stage::Assessment, Stage::Treatment], stage_number);
    check(&State::ALL, State::number);
}

/// Written as another's number, a forgotten one would read back as that.
#[test]
fn what_has_no_number_reads_back_as_nothing() {
    let some = [Stage::Assessment, Stage::Assessment];
    assert!(at(&some, position(&some, Stage::Treatment), "stage of a claim").is_err());
}

#[test]
fn a_number_that_nobody_wrote_is_refused_and_said() {
    fn check<T>(read: impl Fn(i64) -> Result<T, Unknown>, after_the_last: i64, what: &str) {
        for number in [-1, after_the_last, i64::MAX, i64::MIN] {
            assert_eq!(read(number).err().unwrap().to_string(), format!("{number} stands where a {what} should"));
        }
    }
    check(State::read, 9, "state of a delivery");
    check(read_kind, 9, "kind of obligation");
    check(read_obligation_state, 5, "state of an obligation");
    check(read_hold, 4, "hold reason");
    check(read_claim_state, 8, "state of a claim");
    check(read_stage, 2, "stage of a claim");
}

/// Statements and reports tell the two kinds of `due` apart; nobody outside does.
#[test]
fn a_state_shows_under_the_name_that_the_outside_knows() {
    let shown = State::ALL.map(|state| state.shown().name());
    assert_eq!(shown, ["due", "due", "leased", "held", "accepted", "delivered", "acknowledged", "dead", "withdrawn"]);
}

#[test]
fn what_is_open_can_still_go_and_what_is_undelivered_has_not_arrived() {
    let of = |holds: fn(State) -> bool| State::ALL.into_iter().filter(|state| holds(*state)).collect::<Vec<_>>();
    let open = [State::Due, State::Waiting, State::Leased, State::Held];
    assert_eq!(of(State::is_open), open);
    assert_eq!(of(State::is_undelivered), [&open[..], &[State::Accepted, State::Dead]].concat());
}

#[test]
fn dates_read_back_and_sort() {
    let days = ["1999-12-31", "2026-11-20", "2026-12-01"].map(|text| text.parse::<Date>().unwrap());
    assert_eq!(days.map(|date| read_day(day(date)).unwrap()), days);
    assert!(day(days[0]) < day(days[1]) && day(days[1]) < day(days[2]));
    assert_eq!(days.map(day), [19_991_231, 20_261_120, 20_261_201]);
}

#[test]
fn a_date_that_no_calendar_has_is_refused_and_said() {
    for number in [20_261_341, 20_260_231, 20_260_001, 20_260_100, 20_261_199, 999_991_231, i64::MAX, i64::MIN] {
        assert_eq!(read_day(number).unwrap_err().to_string(), format!("{number} stands where a date should"));
    }
    assert_eq!(read_day(20_240_229).unwrap().to_string(), "2024-02-29");
}

#[test]
fn times_read_back_and_never_stays_far_away() {
    let time: Timestamp = "2026-11-20T12:00:00.000001Z".parse().unwrap();
    assert_eq!(read_time(micros(time)).unwrap(), time);
    assert!(read_time(micros(Timestamp::MAX)).unwrap() > "9999-01-01T00:00:00Z".parse().unwrap());
}

#[test]
fn times_stand_as_microseconds_and_what_is_finer_is_dropped() {
    let micros_of = |text: &str| micros(text.parse().unwrap());
    assert_eq!(micros_of("1970-01-01T00:00:00Z"), 0);
    assert_eq!(micros_of("1970-01-01T00:00:02.000003999Z"), 2_000_003);
    assert_eq!(micros_of("1969-12-31T23:59:59Z"), -1_000_000);
    assert_eq!(read_time(i64::MAX).unwrap_err().to_string(), format!("{} stands where a time should", i64::MAX));
}

#[test]
fn a_code_reads_back_and_nothing_else_is_taken_for_one() {
    assert_eq!(read_code("RX2").unwrap(), Code::new("RX2").unwrap());
    assert_eq!(read_code("").unwrap(), Code::NONE);
    assert_eq!(read_code("rx 2").unwrap_err().to_string(), "`rx 2` stands where an organisation code should");
}

#[test]
fn a_figure_that_is_out_of_bounds_counts_as_nought() {
    assert_eq!([-1, 0, 7, i64::MAX].map(count), [0, 0, 7, 9_223_372_036_854_775_807]);
    assert_eq!([-1, 0, 7, 4_294_967_295, 4_294_967_296].map(small), [0, 0, 7, 4_294_967_295, 0]);
}

#[test]
fn the_numbers_in_the_indexes_are_these() {
    assert_eq!([State::Due, State::Leased, State::Held, State::Delivered].map(State::number), [0, 2, 3, 5]);
    assert_eq!([Kind::ArrivalNotice, Kind::EndNotice].map(kind_number), [0, 1]);
    assert_eq!(hash("a"), i64::from_ne_bytes(0xaf63_dc4c_8601_ec8c_u64.to_ne_bytes()));
    // The published check values of FNV-1a, 64 bits.
    assert_eq!(hash(""), i64::from_ne_bytes(0xcbf2_9ce4_8422_2325_u64.to_ne_bytes()));
    assert_eq!(hash("foobar"), i64::from_ne_bytes(0x8594_4171_f739_67e8_u64.to_ne_bytes()));
}

/// The statements of the ledgers name these numbers.
#[test]
fn money_and_review_have_the_numbers_that_the_statements_name() {
    let money: Vec<i64> =
        Kind::ALL.iter().filter(|kind| kind.line() == crate::delivery::Line::Money).map(|kind| kind_number(*kind)).collect();
    assert_eq!(money, [6, 7]);
    assert_eq!(hold_number(HoldReason::Review), 2);
    assert_eq!(State::Held.number(), 3);
}
