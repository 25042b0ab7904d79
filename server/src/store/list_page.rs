//! Pages of lists, which are read both ways from a key.

/// Which way a list is read from a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Toward {
    /// What follows the key.
    #[default]
    End,
    /// What comes before it.
    Beginning,
}

/// Rows of a list that follow one another, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<R, K> {
    /// The rows.
    pub rows: Vec<R>,
    /// The key before which the rows in front are; none if there are none.
    pub previous: Option<K>,
    /// The key behind which the rest is; none if there is none.
    pub next: Option<K>,
}

impl<R, K> ListPage<R, K> {
    /// A page of rows as they were read, with the key of the first, where the list was not read from its very
    /// beginning or end, and that of the last, where there are more.
    pub(super) fn read(mut rows: Vec<R>, toward: Toward, first: Option<K>, last: Option<K>) -> Self {
        match toward {
            Toward::End => Self { rows, previous: first, next: last },
            Toward::Beginning => {
                rows.reverse();
                Self { rows, previous: last, next: first }
            }
        }
    }
}
