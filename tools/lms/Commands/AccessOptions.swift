import ArgumentParser
import FoundationEssentials

/// Which gateway to speak to, and as whom.
struct AccessOptions: ParsableArguments {
    @Option(help: "The gateway's address; by default that of the last `lms up`.")
    var gateway: String?

    @Option(help: "The user's address; by default the demo user.")
    var email: String?

    @Option(help: "The user's password; better given in LMS_PASSWORD, which no process list shows.")
    var password: String?

    @Option(help: "The folder of `lms up`.")
    var dataDir = ".lms"

    /// A client of the gateway.
    var client: GatewayClient {
        GatewayClient(url: gateway ?? RunFile.load(dataDirectory: dataDir)?.gateway ?? "http://localhost:8080")
    }

    /// Signs in.
    ///
    /// - Throws: `ValidationError` when it is not known as whom, ``GatewayError``.
    func signIn(_ client: GatewayClient) async throws -> Session {
        let given = password ?? ProcessInfo.processInfo.environment["LMS_PASSWORD"]
        if let email {
            guard let given else { throw ValidationError("Give the password of \(email) in LMS_PASSWORD.") }
            return try await client.logIn(Login(email: email, password: given))
        }
        guard let demo = RunFile.load(dataDirectory: dataDir)?.demo else {
            throw ValidationError(
                "There is no demo user in \(dataDir); give --email, and the password in LMS_PASSWORD.")
        }
        return try await client.logIn(demo)
    }
}
