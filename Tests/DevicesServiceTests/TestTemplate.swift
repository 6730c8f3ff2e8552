import TestKit

/// A command template of a test's organization.
struct TestTemplate: Sendable {
    let id: String
    /// To its making.
    let answer: TestHTTPResponse

    static let path = "/api/v1/commands/templates"

    var path: String { "\(Self.path)/\(id)" }

    /// What it is made with where a test does not say otherwise.
    static let calibration: [String: JSONValue] = [
        "name": "Calibrate pH", "command_type": "calibrate",
        "parameters": [
            "properties": [
                "sensor": ["enum": ["ph", "orp"]], "buffer": ["type": "number", "minimum": 0, "maximum": 14],
            ],
            "required": ["sensor", "buffer"], "additionalProperties": false,
        ],
        "defaults": ["sensor": "ph"],
    ]

    /// The body of a request that makes or replaces one; `fields` beside, or in place of, those of ``calibration``.
    static func body(_ fields: [String: JSONValue] = [:]) -> JSONValue {
        .object(calibration.merging(fields) { $1 })
    }
}

extension TestOrganization {
    /// A new template; `fields` as of ``TestTemplate/body(_:)``.
    func template(_ fields: [String: JSONValue] = [:]) async throws -> TestTemplate {
        let answer = try await admin.post(TestTemplate.path, TestTemplate.body(fields))
        guard answer.status == 201, let id = answer.json["id"].string else { throw UnexpectedAnswer(response: answer) }
        return TestTemplate(id: id, answer: answer)
    }
}
