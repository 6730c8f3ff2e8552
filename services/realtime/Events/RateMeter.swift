import EventBus
import FoundationEssentials
import Synchronization

/// Measures how many readings an organization stores a minute, from what the readings service tells every instance.
final class RateMeter: Sendable {
    private let rate = Mutex(ReadingRate())
    private let started = ContinuousClock.now

    @Sendable func receive(_ item: EventTail.Item) async {
        guard case .event(let event) = item, event.type == "usage.recorded",
            let usage = try? event.decode(UsageData.self)
        else { return }
        let second = second
        rate.withLock { rate in
            for count in usage.batches.flatMap(\.organizations) {
                rate.add(count.readings, of: count.organizationID, at: second)
            }
        }
    }

    /// How many readings were stored within the last minute; fewer in the first minute of this instance.
    func perMinute(of organization: UUID) -> Int {
        let second = second
        return rate.withLock { $0.perMinute(of: organization, at: second) }
    }

    private var second: Int { Int(started.duration(to: .now).components.seconds) }
}
