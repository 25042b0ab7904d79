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
        /// An administrator of the tenant who is no member.
        Root = "root",
    }
}
