import Postgres
import Synchronization

/// From where on rows are looked for in a table that is worked off in the order of time, and whose rows go when they are
/// done.
///
/// What is deleted stays in the table and its indexes for as long as a transaction that began before may see it, such as an
/// export of an hour or a backup, and who looks from the beginning passes all of it by, every time. So each look goes on
/// where the one before ended; and once all is done, the next one begins ``margin`` before, since a row's time is when its
/// transaction began, and it is seen when that ends.
///
/// All times are the database's. Where its clock has been set back, the next look is from the beginning.
final class Watermark: Sendable {
    /// Longer than a transaction takes that adds rows: a few statements of 30 s at most.
    static let margin = Duration.seconds(180)

    /// Where a row stands: rows come by their time, and those of one time by a number.
    struct Place: Sendable, Equatable {
        static let beginning = Place(time: Timestamp(microseconds: 0), id: .min)

        let time: Timestamp
        let id: Int64
    }

    /// What a look has found, all of which has been done since, but for what is left at ``oldestLeft``.
    struct Look: Sendable {
        /// When it was looked.
        let time: Timestamp
        /// In order.
        let found: [Place]
        /// As many as it takes at once: there may be more.
        let isFull: Bool
        var oldestLeft: Timestamp?
    }

    private struct State {
        var floor = Place.beginning
        /// When all that there was had been done last.
        var latest = Place.beginning.time
        /// Looks of which each goes on where the one before ended, and when the first of them was.
        var pass: (begun: Timestamp, place: Place)?

        mutating func note(_ look: Look) {
            guard look.time >= latest else {
                self = State(latest: look.time)
                return
            }
            let begun = pass?.begun ?? look.time
            if look.isFull, let last = look.found.last {
                pass = (begun, last)
            } else {
                let safe = begun.adding(.zero - Watermark.margin)
                floor = Place(time: min(safe, look.oldestLeft ?? safe), id: .min)
                (latest, pass) = (begun, nil)
            }
        }
    }

    private let state = Mutex(State())

    /// Before this nothing is left.
    var floor: Place { state.withLock(\.floor) }

    /// Looks for what is to be done, and does it.
    ///
    /// - Parameter body: Is given where to look from; what it returns has been committed. Nil where it has done nothing, as it
    ///   is another instance's turn. With that, and where it throws, the next look is from ``floor`` again.
    func look(_ body: (_ start: Place) async throws -> Look?) async throws -> Look? {
        let start = state.withLock { $0.pass?.place ?? $0.floor }
        do {
            let look = try await body(start)
            state.withLock { state in
                if let look { state.note(look) } else { state.pass = nil }
            }
            return look
        } catch {
            state.withLock { $0.pass = nil }
            throw error
        }
    }
}

extension Watermark.Place {
    /// Whether the columns of a row, which an index has in this order, are those of this place or a later one.
    func isReached(by time: SQL, _ id: SQL) -> SQL {
        "(\(time), \(id)) >= (\(self.time), \(self.id))"
    }
}
