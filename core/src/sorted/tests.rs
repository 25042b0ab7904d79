//! Maps and sets must behave like those of the standard library.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};

use super::{SortedMap, SortedSet};

/// One operation on a map.
#[derive(Debug, Clone)]
enum Step {
    Insert(u16, u16),
    Add(u16),
    Remove(u16),
    PopFirst,
    KeepMultiples(u16),
    ExtractMultiples(u16),
}

fn step() -> impl Strategy<Value = Step> {
    // Few enough that keys collide, and enough for several runs.
    let key = 0..600_u16;
    prop_oneof![
        60 => (key.clone(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
        20 => key.clone().prop_map(Step::Add),
        20 => key.prop_map(Step::Remove),
        3 => Just(Step::PopFirst),
        1 => (2..20_u16).prop_map(Step::KeepMultiples),
        2 => (2..20_u16).prop_map(Step::ExtractMultiples),
    ]
}

fn check(map: &SortedMap<u16, u16>, model: &BTreeMap<u16, u16>) {
    assert!(map.iter().eq(model) && map.iter().rev().eq(model.iter().rev()));
    assert_eq!((map.len(), map.iter().len()), (model.len(), model.len()));
    assert!(map.runs_are_short_and_none_is_empty());
    assert_eq!((map.first_key_value(), map.last_key_value()), (model.first_key_value(), model.last_key_value()));
}

proptest! {
    #[test]
    fn it_answers_as_a_b_tree_does(
        begun in 0..400_u16,
        steps in vec(step(), 0..400),
        from in 0..600_u16,
    ) {
        let mut map: SortedMap<u16, u16> = (0..begun).map(|key| (key, key)).collect();
        let mut model: BTreeMap<u16, u16> = (0..begun).map(|key| (key, key)).collect();
        for step in steps {
            match step {
                Step::Insert(key, value) => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                Step::Add(key) => {
                    *map.entry(key).or_default() ^= 1;
                    *model.entry(key).or_default() ^= 1;
                }
                Step::Remove(key) => {
                    prop_assert_eq!(map.get(&key), model.get(&key));
                    prop_assert_eq!(map.remove(&key), model.remove(&key));
                    prop_assert!(!map.contains_key(&key));
                }
                Step::PopFirst => prop_assert_eq!(map.pop_first(), model.pop_first()),
                Step::KeepMultiples(of) => {
                    map.retain(|key, _| key % of != 0);
                    model.retain(|key, _| key % of != 0);
                }
                Step::ExtractMultiples(of) => {
                    let taken: Vec<_> = model.extract_if(.., |key, _| key % of == 0).collect();
                    prop_assert_eq!(map.extract_if(|key, _| key % of == 0), taken);
                }
            }
            check(&map, &model);
        }
        prop_assert!(map.range_from(&from).eq(model.range(from..)));
        prop_assert_eq!(map.range_from(&from).len(), model.range(from..).count());
        map.range_from_mut(&from).for_each(|value| *value ^= 7);
        model.range_mut(from..).for_each(|(_, value)| *value ^= 7);
        // From both ends at once.
        let (mut both, mut of_model) = (map.iter(), model.iter());
        while let Some(next) = of_model.next() {
            prop_assert_eq!(both.next(), Some(next));
            prop_assert_eq!(both.next_back(), of_model.next_back());
        }
        prop_assert_eq!((both.next(), both.next_back()), (None, None));
        prop_assert!(map.clone().into_iter().eq(model.clone()));
        prop_assert_eq!(&map, &model.iter().rev().map(|(key, value)| (*key, *value)).collect());
    }

    #[test]
    fn a_set_answers_as_a_b_tree_does(left in vec(0..200_u16, 0..150), right in vec(0..200_u16, 0..150)) {
        let [one, other] = [&left, &right].map(|values| values.iter().copied().collect::<SortedSet<_>>());
        let [its, of_other] = [&left, &right].map(|values| values.iter().copied().collect::<BTreeSet<_>>());
        prop_assert!(one.iter().eq(&its) && one.iter().rev().eq(its.iter().rev()));
        prop_assert!(one.difference(&other).eq(its.difference(&of_other)));
        prop_assert!(one.intersection(&other).eq(its.intersection(&of_other)));
        prop_assert_eq!((one.first(), one.last(), one.len()), (its.first(), its.last(), its.len()));
    }
}
