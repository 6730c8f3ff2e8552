import Foundation
import LocalStack

/// A certificate for 127.0.0.1, and the authority that signed it: itself.
struct Certificate {
    let path: String
    let key: String

    static func make() async throws -> Certificate {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lms-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let certificate = Certificate(path: folder + "/certificate.pem", key: folder + "/key.pem")
        let options = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate.key, "-out",
            certificate.path,
        ]
        try await ChildProcess.run(
            Command("/usr/bin/openssl", options, environment: [:], log: folder + "/openssl.log"))
        return certificate
    }
}
