import Foundation
import Postgres

/// The locks of users' rows, by which issuing credentials and changing what they say wait for each other.
///
/// A user's row stands for all that is known of the person, the password, the second factor and the grants included. What
/// somebody is as a member is in the membership's row, which issuing locks too. A statement sees what was committed when
/// it began, so what is read under a lock is read by statements behind the one that took it. Where several are taken,
/// the organization's comes first, then users' in the order of their ids, then memberships'.
enum UserLock {
    /// For issuing something to the user.
    ///
    /// - Parameter user: An id, or a query of one.
    static func shared(_ user: SQL) -> SQL {
        "SELECT 1 FROM auth.users WHERE id = (\(user)) FOR SHARE"
    }

    /// For taking a superuser away: so of all who would be the last but one, one after the other goes. Answers the ids of
    /// all superusers who are to stay so far, where the user is one of them, and else nothing.
    static func superusers(with user: UUID) -> SQL {
        let isToStay: SQL = "is_superuser AND is_active AND deletes_at IS NULL"
        return """
            SELECT id FROM auth.users
            WHERE \(isToStay) AND EXISTS (SELECT FROM auth.users WHERE id = \(user) AND \(isToStay))
            ORDER BY id FOR NO KEY UPDATE
            """
    }

    /// For changing what is issued to the user; answers a row where there is such a user and `condition` holds.
    ///
    /// - Parameter user: An id, or a query of one.
    static func exclusive(_ user: SQL, if condition: SQL = "true") -> SQL {
        "SELECT 1 FROM auth.users WHERE id = (\(user)) AND \(condition) FOR NO KEY UPDATE"
    }
}
