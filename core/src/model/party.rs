//! The parties of a resource conversation.

use crate::named::named;

named! {
    /// The side on which somebody takes part in a resource conversation.
    Party {
        /// The account that asked about the resource.
        Client = "client",
        /// The account whose resource it is.
        Owner = "owner",
        /// Any other member.
        Staff = "staff",
        /// A tenant administrator who is not a member.
        Root = "root",
    }
}
