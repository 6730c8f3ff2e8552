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

    /// What these name belongs to the caller, whoever else calls something of the own by the same name.
    private static let naming: Set<String> = ["PUT /api/v1/devices/config-descriptions/{device_type}"]

    /// What was called, and what came of it.
    private struct Call {
        let operation: APIDocument.Operation
        let path: String
        let body: JSONValue?

        var text: String { path + (body.map { "\($0)" } ?? "") }
    }

    @Test(.timeLimit(.minutes(15)))
    func `no route tells a tenant anything of another, or that it exists`() async throws {
        let installation = try await SystemInstallation.shared()
        let document = try await installation.document()
        let (alice, bob) = (try await Tenant(installation), try await Tenant(installation))
        let before = try await bob.picture()
        let operations = document.operations.filter { !Self.ending.contains($0.description) }
            // From when there is something by that name, the caller finds the own.
            .sorted { !Self.naming.contains($0.description) && Self.naming.contains($1.description) }
        for operation in operations {
            // Other services than those of devices know no device's key.
            let isForDevices = ["/api/v1/devices", "/api/v1/firmware"].contains { operation.path.hasPrefix($0) }
            let callers = [alice.owner.api, alice.viewer.api] + (isForDevices ? [alice.device.api] : [])
            let statuses = try await statuses(of: operation, of: document, by: callers, of: alice, about: bob)
            // What one kind of caller may not use at all is for the other one. Forms are for browsers, which have been
            // to their pages; the tests of the services send those.
            let isForm = !operation.path.hasPrefix("/api/")
            let isForNobody = statuses.allSatisfy { $0.contains(403) } && operation.placeCount > 0 && !isForm
            #expect(!isForNobody || operation.path.hasPrefix("/api/v1/admin/"), "\(operation): \(statuses)")
        }
        #expect(operations.count > 40)
        // The calls were made by somebody who was signed in all the time, and have changed nothing.
        #expect(try await alice.owner.api.get("/api/v1/auth/me").status == 200)
        #expect(try await alice.viewer.api.get("/api/v1/auth/me").json["role"] == "viewer")
        #expect(try await alice.device.api.get(alice.device.path).status == 200)
        let after = try await bob.picture()
        for (path, seen) in before { #expect(after[path] == seen, "\(path)") }
    }

    /// Calls an operation for every one of the callers at once.
    ///
    /// - Returns: The statuses that each was answered.
    private func statuses(
        of operation: APIDocument.Operation, of document: APIDocument, by callers: [TestHTTPClient],
        of own: Tenant, about other: Tenant
    ) async throws -> [Set<Int>] {
        try await withThrowingTaskGroup { group in
            for caller in callers {
                group.addTask { try await call(operation, of: document, by: (caller, own), about: other) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Calls an operation with each of the tenant's identifiers and checks each answer.
    ///
    /// - Returns: The statuses.
    private func call(
        _ operation: APIDocument.Operation, of document: APIDocument, by caller: (client: TestHTTPClient, of: Tenant),
        about tenant: Tenant
    ) async throws -> Set<Int> {
        var statuses: Set<Int> = []
        for container in containers(of: operation, caller.of, tenant) {
            func make(_ id: String) -> Call { call(operation, document, naming: id, in: container ?? id) }
            let controls = [
                true: try await send(make(UUID().uuidString.lowercased()), by: caller.client),
                false: try await send(make("type-" + UUID().uuidString.lowercased()), by: caller.client),
            ]
            for id in Set(tenant.identifiers.values) {
                let call = make(id)
                if let response = try await send(call, by: caller.client) {
                    statuses.insert(response.status)
                    // With what names nothing in the same form.
                    let control = controls[UUID(uuidString: id) != nil] ?? nil
                    check(response, to: call, comparedWith: control, tenant)
                }
                // What names nothing is the same call each time.
                if !call.text.contains(id) { break }
            }
        }
        return statuses
    }

    /// What may stand in the first of two places of a path, whose second is what belongs to it: the caller's own and the
    /// other tenant's; nil for the same in every place.
    private func containers(
        of operation: APIDocument.Operation, _ caller: Tenant, _ other: Tenant
    ) -> [String?] {
        guard operation.placeCount == 2 else { return [nil] }
        return operation.path.contains("/organizations/")
            ? [nil, caller.owner.organization, other.owner.organization] : [nil, caller.device.id, other.device.id]
    }

    private func check(
        _ response: TestHTTPResponse, to call: Call, comparedWith control: TestHTTPResponse?, _ tenant: Tenant
    ) {
        let comment: Comment = "\(call.operation) with \(call.text): \(response)"
        #expect(response.status < 500 || response.status == 503, comment)
        #expect(!tenant.isRecognizable(in: response.text, asked: call.text), comment)
        guard call.operation.placeCount > 0 else { return }
        #expect(response.status == control?.status, comment)
        guard !Self.naming.contains(call.operation.description) else { return }
        // A list of what belongs to nothing may be empty.
        #expect(response.status >= 400 || response.json == control?.json, comment)
    }

    /// The call with `id` in every place of the path, filter and body where something is named, but `container` in the
    /// first place.
    private func call(
        _ operation: APIDocument.Operation, _ document: APIDocument, naming id: String, in container: String
    ) -> Call {
        let places = [container] + Array(repeating: id, count: max(0, operation.placeCount - 1))
        var path = operation.path(with: places)
        let filters = operation.query.filter { $0 == "id" || $0.hasSuffix("_id") || $0 == "device_type" }
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
