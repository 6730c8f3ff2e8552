import FoundationEssentials
import HTTPKit
import HTTPTypes
import Identity
import NIOCore
import ServiceKit

/// Devices that poll for commands, each from its socket to the table of those that wait and without a task: an instance
/// has thousands of them at once.
struct DirectPolls: DirectRoute {
    /// What a device asks for, and with which key.
    struct Poll: Sendable {
        let device: UUID
        let credentials: Credentials
        let query: CommandPollQuery
    }

    private static let path = DirectPath(DeviceCommandRoutes.path)

    let authenticator: Authenticator
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
        return credentials.areDeviceKey ? Poll(device: device, credentials: credentials, query: query) : nil
    }

    /// Whose the key is is found out with every look, so that one that was revoked meanwhile gets nothing.
    func answer(
        _ poll: Poll, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> PendingAnswer? {
        let waiting = LongPoll<[Command]>(of: poll.device, for: .commands, among: delivery.waiters, trace: trace) {
            occasion in
            let device = try await authenticator.device(poll.credentials)
            guard device.id == poll.device else { throw DeviceError.notFound }
            if occasion == .begun { liveness.note([SignOfLife(deviceID: device.id, time: .now)]) }
            return try await delivery.take(poll.query.limit, by: device.id, in: device.organizationID)
        } completion: { outcome in
            completion(
                Result { try DirectAnswer(.ok, encoding: Page(items: outcome.get() ?? [], nextCursor: nil)) })
        }
        waiting.start(patience: poll.query.patience)
        return PendingAnswer(abandon: waiting.endWait)
    }

    func drain() { delivery.waiters.drain() }
}
