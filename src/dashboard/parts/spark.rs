//! A sparkline: thirty minutes as thirty bars, drawn without a style or a script, and told in words to whoever does not see it.

use super::words::number;
use crate::views::rates::Series;
use maud::{Markup, html};

/// In the drawing's own units.
const BAR: usize = 4;
const HEIGHT: u64 = 28;

#[must_use]
pub fn spark(series: &Series, what: &str) -> Markup {
    let most = series.by_minute.iter().copied().max().unwrap_or_default();
    let width = series.by_minute.len() * BAR;
    let sum: u64 = series.by_minute.iter().sum();
    html! {
        svg.spark viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" role="img"
            aria-label=(format!("{what} in the last 30 minutes: {} in all, {} in the busiest minute", number(sum), number(most))) {
            @for (at, count) in series.by_minute.iter().enumerate() {
                @let height = if most == 0 { 0 } else { (count * (HEIGHT - 2)).div_ceil(most) };
                rect x=(at * BAR) y=(HEIGHT - 1 - height) width=(BAR - 1) height=(height + 1) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_minute_is_the_highest_bar_and_nothing_is_a_line() {
        let drawn = spark(&Series { total: 9, by_minute: vec![0, 4, 2] }, "Messages").into_string();
        assert!(drawn.contains(r#"<rect x="0" y="27" width="3" height="1">"#), "{drawn}");
        assert!(drawn.contains(r#"<rect x="4" y="1" width="3" height="27">"#), "{drawn}");
        assert!(drawn.contains("6 in all, 4 in the busiest minute"), "{drawn}");
    }
}
