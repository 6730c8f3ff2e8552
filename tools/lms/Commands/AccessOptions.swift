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
        try await client.logIn(login())
    }

    /// Who signs in.
    ///
    /// - Parameter newcomer: Whose address it is where none is given and there is no demo user.
    /// - Throws: `ValidationError` when it is not known.
    func login(orElse newcomer: String? = nil) throws -> Login {
        if email == nil, let demo = RunFile.load(dataDirectory: dataDir)?.demo { return demo }
        guard let email = email ?? newcomer else {
            throw ValidationError(
                "There is no demo user in \(dataDir); give --email, and the password in LMS_PASSWORD.")
        }
        guard let password = password ?? ProcessInfo.processInfo.environment["LMS_PASSWORD"] else {
            throw ValidationError("Give the password of \(email) in LMS_PASSWORD.")
        }
        return Login(email: email, password: password)
    }
}
