//! The beginning of a message in a chat of WhatsApp: date and time, in the form of the phone's language.
//!
//! `[15/01/2024, 18:45:12] Ann: …` is an iPhone's; `15.01.24, 18:45 - Ann: …` is Android's. Parts are divided by
//! slashes, dots or dashes, years have two or four digits and come first or last, and the time may be of a
//! clock with twelve hours.

use jiff::{civil::DateTime, tz::TimeZone};
use tidings_core::time::WallTime;

/// The order of the parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

/// A date and a time as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    date: [u16; 3],
    is_dotted: bool,
    hour: u16,
    minute: u16,
    second: u16,
    half: Option<Half>,
}

/// The half of the day, on a clock with twelve hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Before,
    After,
}

/// What is said of the halves of a day, letters only. The Chinese and Japanese ones come before the time.
const HALVES: [(&str, Half); 8] = [
    ("am", Half::Before),
    ("pm", Half::After),
    ("上午", Half::Before),
    ("下午", Half::After),
    ("午前", Half::Before),
    ("午後", Half::After),
    ("ص", Half::Before),
    ("م", Half::After),
];

impl Heading {
    /// Reads the beginning of a line, and returns what is behind it.
    pub(super) fn read(line: &str) -> Option<(Self, &str)> {
        let mut rest = line.trim_start_matches(['\u{feff}', '\u{200e}', '\u{200f}']);
        let in_brackets = rest.strip_prefix('[');
        rest = in_brackets.unwrap_or(rest);
        let (first, rest) = number(rest)?;
        let (divider, rest) = divider(rest)?;
        let (second, rest) = number(rest)?;
        let (again, rest) = self::divider(rest)?;
        let (third, rest) = number(rest)?;
        if divider != again {
            return None;
        }
        let rest = rest.trim_start_matches(['.', ',', '،']);
        let rest = spaces(rest)?;
        let (before, rest) = half(rest);
        let (hour, rest) = number(rest)?;
        let (minute, rest) = number(rest.strip_prefix([':', '.'])?)?;
        let (second_of_minute, rest) = match rest.strip_prefix([':', '.']).and_then(number) {
            Some(read) => read,
            None => (0, rest),
        };
        let (after, rest) = half(rest);
        let rest = match in_brackets {
            Some(_) => rest.strip_prefix(']')?,
            None => {
                let rest = spaces(rest)?;
                rest.strip_prefix(['-', '–'])?
            }
        };
        // What follows is said, even if it is nothing.
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let (date, is_dotted) = ([first, second, third], divider == '.');
        let heading = Self { date, is_dotted, hour, minute, second: second_of_minute, half: before.or(after) };
        heading.is_possible().then_some((heading, rest))
    }

    fn is_possible(&self) -> bool {
        let hours = if self.half.is_some() { 0..=12 } else { 0..=24 };
        hours.contains(&self.hour) && self.minute < 60 && self.second <= 60
    }

    /// The time it says; none if there is no such day.
    pub(super) fn time(&self, order: DateOrder, zone: &TimeZone) -> Option<WallTime> {
        let [first, second, third] = self.date;
        let (year, month, day) = match order {
            DateOrder::Dmy => (third, second, first),
            DateOrder::Mdy => (third, first, second),
            DateOrder::Ymd => (first, second, third),
        };
        let year = match year {
            0..100 => year + 2_000,
            // The years of Thailand.
            2_400.. => year - 543,
            year => year,
        };
        let hour = match self.half {
            None => self.hour % 24,
            Some(Half::Before) => self.hour % 12,
            Some(Half::After) => self.hour % 12 + 12,
        };
        let small = |number: u16| i8::try_from(number).ok();
        let (month, day, hour, minute) = (small(month)?, small(day)?, small(hour)?, small(self.minute)?);
        let second = small(self.second.min(59))?;
        let time = DateTime::new(i16::try_from(year).ok()?, month, day, hour, minute, second, 0).ok()?;
        let millis = zone.to_timestamp(time).ok()?.as_millisecond();
        u64::try_from(millis).ok().map(WallTime::from_millis)
    }
}

/// How the dates of a chat are written, learned from all of them.
#[derive(Debug, Default)]
pub(super) struct Dates {
    greatest: [u16; 3],
    is_dotted: bool,
    has_halves: bool,
    /// How often a date is before the one above it, if days come first and if months do.
    falls: [u32; 2],
    last: Option<[[u16; 3]; 2]>,
}

impl Dates {
    pub(super) fn learn(&mut self, heading: &Heading) {
        let [first, second, third] = heading.date;
        for (greatest, part) in self.greatest.iter_mut().zip(heading.date) {
            *greatest = part.max(*greatest);
        }
        self.is_dotted |= heading.is_dotted;
        self.has_halves |= heading.half.is_some();
        let read = [[third, second, first], [third, first, second]];
        if let Some(last) = self.last.replace(read) {
            for (falls, (last, now)) in self.falls.iter_mut().zip(last.into_iter().zip(read)) {
                *falls += u32::from(now < last);
            }
        }
    }

    /// The order: a part beyond 12 is no month, and a chat does not go back in time. Where that says nothing, dates
    /// with dots begin with the day; those with slashes and a clock with twelve hours are of the United States.
    pub(super) fn order(&self) -> DateOrder {
        let [first, second, _] = self.greatest;
        match (first, second) {
            (32.., _) => DateOrder::Ymd,
            (13.., _) => DateOrder::Dmy,
            (_, 13..) => DateOrder::Mdy,
            _ if self.falls[0] != self.falls[1] => {
                if self.falls[0] < self.falls[1] {
                    DateOrder::Dmy
                } else {
                    DateOrder::Mdy
                }
            }
            _ if self.has_halves && !self.is_dotted => DateOrder::Mdy,
            _ => DateOrder::Dmy,
        }
    }
}

/// A number of at most four digits, of whatever script.
fn number(text: &str) -> Option<(u16, &str)> {
    let digit = |character: char| match character {
        '0'..='9' => Some(character as u16 - '0' as u16),
        '٠'..='٩' => Some(character as u16 - '٠' as u16),
        '۰'..='۹' => Some(character as u16 - '۰' as u16),
        '०'..='९' => Some(character as u16 - '०' as u16),
        _ => None,
    };
    let text = text.trim_start_matches(['\u{200e}', '\u{200f}']);
    let (mut number, mut end) = (0, 0);
    for (index, character) in text.char_indices().take(4) {
        let Some(digit) = digit(character) else { break };
        number = number * 10 + digit;
        end = index + character.len_utf8();
    }
    (end > 0).then(|| (number, &text[end..]))
}

fn divider(text: &str) -> Option<(char, &str)> {
    let text = text.trim_start_matches(['\u{200e}', '\u{200f}']);
    let divider = text.chars().next().filter(|character| "/.-".contains(*character))?;
    Some((divider, text[1..].trim_start_matches(' ')))
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{200e}' | '\u{200f}')
}

/// What is behind at least one space.
fn spaces(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(is_space);
    (rest.len() < text.len()).then_some(rest)
}

/// The half of the day, if one is said, with or without dots and spaces in it.
fn half(text: &str) -> (Option<Half>, &str) {
    for (name, half) in HALVES {
        let (mut rest, mut fits) = (text, true);
        for letter in name.chars() {
            rest = rest.trim_start_matches(|character| is_space(character) || character == '.');
            let next = rest.chars().next().filter(|next| next.to_lowercase().eq(letter.to_lowercase()));
            match next {
                Some(next) => rest = &rest[next.len_utf8()..],
                None => {
                    fits = false;
                    break;
                }
            }
        }
        if fits {
            return (Some(half), rest.strip_prefix('.').unwrap_or(rest));
        }
    }
    (None, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, order: DateOrder, millis: u64, said: &str) {
        let (heading, rest) = Heading::read(line).unwrap_or_else(|| panic!("{line:?} is no heading"));
        assert_eq!(rest, said, "{line:?}");
        assert_eq!(heading.time(order, &TimeZone::UTC), Some(WallTime::from_millis(millis)), "{line:?}");
    }

    /// 2024-01-15 18:45:00, and twelve seconds later.
    const AT: u64 = 1_705_344_300_000;
    const LATER: u64 = AT + 12_000;

    #[test]
    fn every_form_of_a_date_is_read() {
        use DateOrder::{Dmy, Mdy, Ymd};
        check("[15/01/2024, 18:45:12] Ann: Hi", Dmy, LATER, "Ann: Hi");
        check("\u{200e}[15.01.24, 18:45:12] Ann: Hi", Dmy, LATER, "Ann: Hi");
        check("[1/15/24, 6:45:12\u{202f}PM] Ann: Hi", Mdy, LATER, "Ann: Hi");
        check("[2024-01-15, 6:45:12 p.m.] Ann: Hi", Ymd, LATER, "Ann: Hi");
        check("15/01/2024, 18:45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("15.01.24, 18:45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("1/15/24, 6:45 PM - Ann: Hi", Mdy, AT, "Ann: Hi");
        check("15/01/2024, 6:45 pm - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("15/1/2024, 6:45 p. m. - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("15/1/24 18:45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("15-01-2024 18:45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("2024. 01. 15. 18:45 - Ann: Hi", Ymd, AT, "Ann: Hi");
        check("2024/1/15 下午6:45 - Ann: Hi", Ymd, AT, "Ann: Hi");
        check("15.01.24, 18.45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("١٥/٠١/٢٠٢٤, ٦:٤٥ م - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("15/1/2567 18:45 - Ann: Hi", Dmy, AT, "Ann: Hi");
        check("1/15/24, 12:05 AM - Ann: Hi", Mdy, AT - (18 * 60 + 40) * 60_000, "Ann: Hi");
    }

    #[test]
    fn what_is_no_heading_belongs_to_the_message_above() {
        for line in
            ["Hi", "", "15/01/2024", "10:30 works", "1/2 cup", "12.5. or 13.5. at 8", "[see above] x", "5-6-7 - no"]
        {
            assert_eq!(Heading::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_order_of_dates_is_found_out() {
        let order = |lines: &[&str]| {
            let mut dates = Dates::default();
            lines.iter().for_each(|line| dates.learn(&Heading::read(line).unwrap().0));
            dates.order()
        };
        assert_eq!(order(&["13/02/2024, 10:00 - "]), DateOrder::Dmy);
        assert_eq!(order(&["2/13/24, 10:00 - "]), DateOrder::Mdy);
        assert_eq!(order(&["2024-02-13, 10:00 - "]), DateOrder::Ymd);
        assert_eq!(order(&["1/2/24, 10:00 - ", "2/1/24, 10:00 - "]), DateOrder::Mdy);
        assert_eq!(order(&["2/1/24, 10:00 - ", "1/2/24, 10:00 - "]), DateOrder::Dmy);
        assert_eq!(order(&["1/2/24, 10:00 AM - "]), DateOrder::Mdy);
        assert_eq!(order(&["1/2/24, 10:00 - "]), DateOrder::Dmy);
        assert_eq!(order(&["1.2.24, 10:00 - "]), DateOrder::Dmy);
    }

    #[test]
    fn times_are_of_the_zone_of_the_phone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |line: &str| Heading::read(line).unwrap().0.time(DateOrder::Dmy, &berlin).unwrap().as_millis();
        assert_eq!(at("15.01.24, 19:45 - "), AT);
        assert_eq!(at("15.07.24, 20:45 - "), AT + 182 * 24 * 3_600_000);
    }
}
