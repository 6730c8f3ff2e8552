import FoundationEssentials
import Postgres
import Testing

@testable import DevicesService

@Suite struct BulkCommandRuleTests {
    private static func bulk(_ status: BulkCommand.Status = .queueing, for types: [String] = []) -> BulkCommand {
        BulkCommand(
            id: UUID(), organizationID: UUID(), selector: DeviceSelector(all: true), templateID: nil,
            deviceTypes: types, order: CommandOrder(type: "blink", expiresAt: .now), status: status, createdBy: nil,
            cancelledBy: nil, version: 1, createdAt: .now, lastUpdated: .now)
    }

    @Test(
        arguments: [
            ("esp32", 0, [], .queued), ("esp32", CommandQueue.capacity - 1, ["esp32"], .queued),
            ("esp32", CommandQueue.capacity, [], .queueFull), ("rp2040", 0, ["esp32"], .unsuitable),
            ("rp2040", CommandQueue.capacity, ["esp32"], .unsuitable),
        ] as [(String, Int, [String], BulkCommand.Outcome)])
    func `a device takes it unless it is of another type, or its queue is full`(
        type: String, waiting: Int, types: [String], expected: BulkCommand.Outcome
    ) {
        let candidate = BulkCommand.Candidate(deviceType: type, waiting: waiting)
        #expect(Self.bulk(for: types).outcome(for: candidate) == expected)
        #expect(Self.bulk(for: types).outcome(for: nil) == .deleted)
    }

    @Test(
        arguments: [
            (.queueing, [:], false), (.queued, [.waiting: 1], false), (.queued, [.pending: 1, .succeeded: 4], false),
            (.queued, [.sent: 1], false), (.queued, [.acknowledged: 1], false),
            (.queued, [.succeeded: 1, .failed: 1, .expired: 1, .cancelled: 1, .queueFull: 1], true),
            (.cancelling, [.cancelled: 1], false), (.cancelled, [.cancelled: 1], true),
            (.cancelled, [.acknowledged: 1, .cancelled: 1], false),
        ] as [(BulkCommand.Status, [BulkProgress.State: Int], Bool)])
    func `it is done when nothing will happen to any of its devices`(
        status: BulkCommand.Status, counts: [BulkProgress.State: Int], isDone: Bool
    ) {
        #expect(BulkProgress(bulk: Self.bulk(status), counts: counts).isDone == isDone)
    }
}
