//! The acceptance scenarios: a file each, which reads as its row in the table does.
//! A, B, C, D are commissioners, and where they are is in `support/story.rs`.

mod explained;
mod least_data;
pub mod property;
mod s01_first_placement_out_of_area;
mod s02_second_move;
mod s03_unplanned_short_stay;
mod s04_move_inside_the_area;
mod s05_other_authority_same_commissioner;
mod s06_same_authority_other_commissioner;
mod s07_carer_moves;
mod s08_silent_cases;
mod s09_late_repeated_and_early;
mod s10_postcode_amended;
mod s11_cancelled;
mod s12_unknown_postcode;
mod s13_origin_of_2018;
mod s14_wales_and_scotland;
mod s15_secure;
mod s16_adoption_and_withheld;
mod s17_comes_back_into_care;
mod s18_eighteenth_birthday;
mod s19_siblings;
mod s20_reclaims;
mod s21_refused;
mod s22_later_concern;
mod s23_not_acknowledged;
