import HTTPKit
import HTTPTypes
import Identity
import ServiceKit

/// Heartbeats of devices whose keys are known, each without a task: they are most of what devices send that measure
/// seldom.
struct DirectHeartbeats: DirectRoute {
    private static let path = DirectPath(StatusRoutes.heartbeatPath)

    let intake: StatusIntake
    let authenticator: Authenticator

    var method: HTTPRequest.Method { .post }
    var path: String { StatusRoutes.heartbeatPath }

    func responder(to head: HTTPRequest) -> Responder? {
        guard let id = head.path.flatMap(Self.path.id),
            let device = authenticator.knownDevice(Credentials(of: head)), device.id == id
        else { return nil }
        return { body, trace, completion in
            guard let report = try? JSONCoding.decode(StatusReport.self, from: body),
                let sign = try? report.sign(of: id)
            else { return nil }
            intake.take(sign, applied: report.configVersion, in: device.organizationID, trace: trace) { answer in
                completion(Result { try DirectAnswer(.ok, encoding: answer.get()) })
            }
            return .soon
        }
    }
}
