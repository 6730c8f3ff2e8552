import FoundationEssentials
import HTTPKit
import HTTPTypes
import Identity
import NIOCore
import ServiceKit

/// The hot path: readings of a device whose key and sensors are known, from the socket to the batcher without a task.
struct DirectIngest: DirectRoute {
    let ingest: IngestRoutes
    let authenticator: Authenticator

    var method: HTTPRequest.Method { .post }
    var path: String { IngestRoutes.path }

    func subject(of head: HTTPRequest) -> DevicePrincipal? {
        guard let id = head.path.flatMap(Self.device), let authorization = head.headerFields[.authorization],
            let device = authenticator.knownDevice(authorization: authorization), device.id == id
        else { return nil }
        return device
    }

    func answer(
        _ device: DevicePrincipal, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> Bool {
        ingest.store(body, of: device, trace: trace) { result in
            completion(result.map { DirectAnswer(.created, json: IngestAnswer.json($0)) })
        }
    }

    /// The device that `path` is for: a UUID stands between what is before and behind `{id}` in the route's.
    private static func device(of path: String) -> UUID? {
        guard path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count == prefix.utf8.count + 36 + suffix.utf8.count
        else { return nil }
        return UUID(uuidString: String(path.dropFirst(prefix.count).prefix(36)))
    }

    private static let prefix = String(IngestRoutes.path.prefix { $0 != "{" })
    private static let suffix = String(IngestRoutes.path.drop { $0 != "}" }.dropFirst())
}
