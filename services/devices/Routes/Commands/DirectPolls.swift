import HTTPKit
import HTTPTypes
import Identity
import ServiceKit

/// Devices that poll for commands, each from its socket to the table of those that wait without a task of its own: an
/// instance has thousands of them at once.
struct DirectPolls: DirectRoute {
    private static let path = DirectPath(DeviceCommandRoutes.path)

    let delivery: CommandDelivery
    let liveness: LivenessWriter

    var method: HTTPRequest.Method { .get }
    var path: String { DeviceCommandRoutes.path }

    func responder(to head: DirectHead) -> Responder? {
        guard let device = Self.path.id(in: head),
            let query = try? CommandPollQuery(QueryParameters(head.query))
        else { return nil }
        let credentials = Credentials(of: head)
        guard credentials.holdDeviceKey else { return nil }
        return { _, trace, completion in
            let poll = delivery.poll(
                by: device, with: credentials, limit: query.limit, trace: trace,
                onBegin: { liveness.note([SignOfLife(deviceID: device, time: .now)]) },
                completion: { outcome in
                    completion(
                        Result { try DirectAnswer(.ok, encoding: Page(items: outcome.get() ?? [], nextCursor: nil)) })
                })
            poll.start(patience: query.patience)
            return PendingAnswer(abandon: poll.endWait)
        }
    }

    func drain() { delivery.waiters.drain() }
}
