import HTTPKit
import HTTPTypes
import Identity
import NIOCore
import ServiceKit

/// The hot path: readings of a device whose key and sensors are known, from the socket to the batcher without a task.
struct DirectIngest: DirectRoute {
    private static let path = DirectPath(IngestRoutes.path)

    let ingest: IngestRoutes
    let authenticator: Authenticator

    var method: HTTPRequest.Method { .post }
    var path: String { IngestRoutes.path }

    func subject(of head: HTTPRequest) -> DevicePrincipal? {
        guard let id = head.path.flatMap(Self.path.id),
            let device = authenticator.knownDevice(Credentials(of: head)), device.id == id
        else { return nil }
        return device
    }

    func answer(
        _ device: DevicePrincipal, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> PendingAnswer? {
        let isTaken = ingest.store(body, of: device, trace: trace) { result in
            completion(result.map { DirectAnswer(.created, json: IngestAnswer.json($0)) })
        }
        return isTaken ? .soon : nil
    }
}
