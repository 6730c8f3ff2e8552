import HTTPKit
import HTTPTypes
import Identity
import ServiceKit

/// Heartbeats, each in a short task of its own and without the middleware: they are most of what devices send that
/// measure seldom.
struct DirectHeartbeats: DirectRoute {
    private static let path = DirectPath(StatusRoutes.heartbeatPath)

    let intake: StatusIntake
    let authenticator: Authenticator

    var method: HTTPRequest.Method { .post }
    var path: String { StatusRoutes.heartbeatPath }

    func responder(to head: DirectHead) -> Responder? {
        guard let id = Self.path.id(in: head), !head.hasQuery else { return nil }
        let credentials = Credentials(of: head)
        guard credentials.holdDeviceKey else { return nil }
        let caller = DeviceCaller(device: id, credentials: credentials, authenticator: authenticator)
        return { body, trace, completion in
            guard let report = try? JSONCoding.decode(StatusReport.self, from: body),
                let sign = try? report.sign(of: id)
            else { return nil }
            Task {
                do {
                    let answer = try await trace.withRequest {
                        let device = try await caller.check()
                        return try await intake.take(sign, applied: report.configVersion, in: device.organizationID)
                    }
                    completion(.success(try DirectAnswer(.ok, encoding: answer)))
                } catch {
                    completion(.failure(error))
                }
            }
            return .soon
        }
    }
}
