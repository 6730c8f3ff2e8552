import FoundationEssentials
import Synchronization
import Testing

@testable import ReadingsService

/// Whoever floods the queue has half of it, and its turns with the others.
struct FlushLaneTests {
    private let flood = UUID.v7()
    private let other = UUID.v7()

    /// A request with `rows` readings of `organization`.
    private func request(_ organization: UUID, rows: Int) -> FlushLane.Request {
        FlushLane.Request(
            devices: [DeviceRows(organizationID: organization, deviceID: UUID.v7())], days: [20_000], rowCount: rows,
            trace: nil, deadline: .now + .seconds(60)
        ) { _ in }
    }

    /// Enqueues requests of a thousand rows until there is no room for another.
    ///
    /// - Returns: How many there was room for.
    private func fill(_ lane: FlushLane) -> Int {
        var count = 0
        while count < 1000, lane.enqueue(request(flood, rows: 1000)) { count += 1 }
        return count
    }

    @Test func `one that floods leaves half of the room to others, and what is beyond its own is refused`() {
        let lane = FlushLane(flushers: 1)
        #expect(fill(lane) == 100)
        #expect(!lane.enqueue(request(flood, rows: 1)))
        #expect(lane.enqueue(request(other, rows: 100_000)))
        // Now it is full for all.
        #expect(!lane.enqueue(request(UUID.v7(), rows: 1)))
    }

    @Test func `what another organization sends behind a flood is in the next batch, and not behind all of it`() async {
        let lane = FlushLane(flushers: 1)
        #expect(fill(lane) == 100)
        #expect(lane.enqueue(request(other, rows: 1)))
        lane.close()
        let batches = Mutex<[[UUID?]]>([])
        await lane.run { batch in
            let organizations = batch.map { $0.devices.first?.organizationID }
            batches.withLock { $0.append(organizations) }
        }
        let flushed = batches.withLock { $0 }
        #expect(flushed.first?.contains(other) == true)
        #expect(flushed.joined().count == 101)
        #expect(flushed.count == 6)
    }

    @Test func `one that is closed takes nothing more`() {
        let lane = FlushLane(flushers: 1)
        lane.close()
        #expect(!lane.enqueue(request(other, rows: 1)))
    }
}
