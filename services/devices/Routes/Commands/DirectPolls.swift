import FoundationEssentials
import HTTPKit
import HTTPTypes
import Identity
import NIOCore
import ServiceKit

/// Devices that poll for commands, each from its socket to the table of those that wait without a task of its own: an
/// instance has thousands of them at once.
struct DirectPolls: DirectRoute {
    /// What a device asks for, and with which key.
    struct Poll: Sendable {
        let device: UUID
        let credentials: Credentials
        let query: CommandPollQuery
    }

    private static let path = DirectPath(DeviceCommandRoutes.path)

    let delivery: CommandDelivery
    let liveness: LivenessWriter

    var method: HTTPRequest.Method { .get }
    var path: String { DeviceCommandRoutes.path }

    func subject(of head: HTTPRequest) -> Poll? {
        guard let target = head.path?.split(separator: "?", maxSplits: 1),
            let device = target.first.flatMap(Self.path.id),
            let query = try? CommandPollQuery(QueryParameters(target.count > 1 ? String(target[1]) : ""))
        else { return nil }
        let credentials = Credentials(of: head)
        return credentials.holdDeviceKey ? Poll(device: device, credentials: credentials, query: query) : nil
    }

    func answer(
        _ poll: Poll, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> PendingAnswer? {
        let waiting = delivery.poll(
            by: poll.device, with: poll.credentials, limit: poll.query.limit, trace: trace,
            onBegin: { liveness.note([SignOfLife(deviceID: poll.device, time: .now)]) },
            completion: { outcome in
                completion(
                    Result { try DirectAnswer(.ok, encoding: Page(items: outcome.get() ?? [], nextCursor: nil)) })
            })
        waiting.start(patience: poll.query.patience)
        return PendingAnswer(abandon: waiting.endWait)
    }

    func drain() { delivery.waiters.drain() }
}
