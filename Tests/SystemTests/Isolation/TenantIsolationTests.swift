import Foundation
import NIOHTTP1
import TestKit
import Testing

/// Every route of every service, called by one tenant with everything that names something of another one: the answer is
/// the same as for what does not exist.
struct TenantIsolationTests {
    /// These end the caller's own session, whatever they are told.
    private static let ending: Set<String> = [
        "POST /api/v1/auth/logout", "POST /auth/logout", "DELETE /api/v1/users/account",
    ]

    /// What was called, and what came of it.
    private struct Call {
        let operation: APIDocument.Operation
        let path: String
        let body: JSONValue?

        var text: String { path + (body.map { "\($0)" } ?? "") }
    }

    @Test(.timeLimit(.minutes(5)))
    func `no route tells a tenant anything of another, or that it exists`() async throws {
        let installation = try await SystemInstallation.shared()
        let document = try await installation.document()
        let (alice, bob) = (try await Tenant(installation), try await Tenant(installation))
        let before = try await bob.picture()
        let operations = document.operations.filter { !Self.ending.contains($0.description) }
        for operation in operations {
            var statuses: [Set<Int>] = []
            // Other services than those of devices know no device's key.
            let isForDevices = operation.path.hasPrefix("/api/v1/devices")
            for caller in isForDevices ? [alice.owner.api, alice.device.api] : [alice.owner.api] {
                statuses.append(try await call(operation, of: document, by: caller, about: bob))
            }
            // What one kind of caller may not use at all is for the other one. Forms are for browsers, which have been
            // to their pages; the tests of the services send those.
            let isForm = !operation.path.hasPrefix("/api/")
            let isForNobody = statuses.allSatisfy { $0.contains(403) } && operation.placeCount > 0 && !isForm
            #expect(!isForNobody || operation.path.hasPrefix("/api/v1/admin/"), "\(operation): \(statuses)")
        }
        #expect(operations.count > 40)
        // The calls were made by somebody who was signed in all the time, and have changed nothing.
        #expect(try await alice.owner.api.get("/api/v1/auth/me").status == 200)
        #expect(try await alice.device.api.get(alice.device.path).status == 200)
        let after = try await bob.picture()
        for (path, seen) in before { #expect(after[path] == seen, "\(path)") }
    }

    /// Calls an operation with each of the tenant's identifiers and checks each answer.
    ///
    /// - Returns: The statuses.
    private func call(
        _ operation: APIDocument.Operation, of document: APIDocument, by client: TestHTTPClient, about tenant: Tenant
    ) async throws -> Set<Int> {
        let nothing = UUID().uuidString.lowercased()
        let control = try await send(self.call(operation, document, naming: nothing), by: client)
        var statuses: Set<Int> = []
        for id in Set(tenant.identifiers.values) {
            let call = call(operation, document, naming: id)
            guard let response = try await send(call, by: client) else { continue }
            statuses.insert(response.status)
            #expect(response.status < 500 || response.status == 503, "\(operation) with \(call.text): \(response)")
            #expect(
                !tenant.isRecognizable(in: response.text, asked: call.text),
                "\(operation) with \(call.text): \(response)")
            guard operation.placeCount > 0 else { continue }
            // A list of what belongs to nothing may be empty.
            #expect(
                response.status >= 400 || response.json == control?.json,
                "\(operation) with \(call.text): \(response)")
            #expect(response.status == control?.status, "\(operation) with \(call.text): \(response)")
        }
        return statuses
    }

    /// The call with `id` in every place of the path, filter and body where something is named.
    private func call(_ operation: APIDocument.Operation, _ document: APIDocument, naming id: String) -> Call {
        var path = operation.path(with: Array(repeating: id, count: operation.placeCount))
        let filters = operation.query.filter { $0 == "id" || $0.hasSuffix("_id") }
        if !filters.isEmpty { path += "?" + filters.map { "\($0)=\(id)" }.joined(separator: "&") }
        let takesBody = !operation.body.isNull
        return Call(
            operation: operation, path: path, body: takesBody ? document.sample(of: operation.body, naming: id) : .none)
    }

    /// Nil for an answer that does not end, as a stream does.
    private func send(_ call: Call, by client: TestHTTPClient) async throws -> TestHTTPResponse? {
        var headers: HTTPHeaders = [:]
        let body = try call.body.map { Array(try JSONEncoder().encode($0)) }
        if body != nil { headers.add(name: "content-type", value: "application/json") }
        do {
            return try await client.send(
                call.operation.method, call.path, headers: headers, body: body, within: .seconds(5))
        } catch is TimedOut {
            return nil
        }
    }
}
