import Foundation
import LocalStack
import NIOHTTP1
import TestKit
import Testing

/// An OpenID Connect provider that others have written: `oidc-provider-mock` from PyPI, in a process of its own.
struct OIDCProvider: Sendable {
    private let client: TestHTTPClient
    /// Kept, so that it is not forgotten while it runs.
    private let process: ChildProcess

    var issuer: String { "http://127.0.0.1:\(client.port)" }

    /// The one that all tests share.
    static func shared() async throws -> OIDCProvider { try await sharedProvider.value }

    private static let sharedProvider = Task { try await start() }

    private static func start() async throws -> OIDCProvider {
        let packages = ["oidc-provider-mock==0.3.4", "Authlib==1.9.10"]
        let python = try await PythonEnvironment.python(with: packages, name: "oidc")
        let log = FileManager.default.temporaryDirectory.appending(path: "lms-oidc-\(UUID().uuidString).log").path
        let port = try #require((20_000...31_999).shuffled().first(where: isLoopbackPortFree))
        // Without it the library behind the provider refuses to work over plain HTTP.
        let environment = ["PATH": "/usr/bin:/bin", "AUTHLIB_INSECURE_TRANSPORT": "1"]
        let process = try await ChildProcess.start(
            Command(
                python, ["-m", "oidc_provider_mock", "--port", String(port)],
                environment: environment, deathSignal: .kill, log: log))
        let client = TestHTTPClient(port: port)
        try await eventually(within: .seconds(60)) {
            try await client.get("/.well-known/openid-configuration").status == 200
        }
        return OIDCProvider(client: client, process: process)
    }

    /// Makes somebody who can sign in there, with what the provider then says of them.
    func makePerson(_ claims: JSONValue) async throws -> String {
        let subject = UUID().uuidString.lowercased()
        let response = try await client.put("/users/" + subject, claims)
        guard response.status == 204 else { throw UnexpectedAnswer(response: response) }
        return subject
    }

    /// Signs somebody in on the page that a browser was sent to.
    ///
    /// - Returns: The path that the provider sends the browser to.
    func signIn(_ subject: String, at url: String) async throws -> String {
        try await submit(["sub": subject], at: url)
    }

    /// Refuses, on the page that a browser was sent to.
    func deny(at url: String) async throws -> String {
        try await submit(["action": "deny"], at: url)
    }

    private func submit(_ form: KeyValuePairs<String, String>, at url: String) async throws -> String {
        let response = try await client.post(String(url.dropFirst(issuer.count)), form: form)
        guard let location = response.header("location"), location.hasPrefix(AuthServer.publicURL) else {
            throw UnexpectedAnswer(response: response)
        }
        return String(location.dropFirst(AuthServer.publicURL.count))
    }
}
