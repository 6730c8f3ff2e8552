/// A field of one line, which `line_field.mustache` shows.
struct LineField: Sendable {
    let name: String
    let id: String
    let label: String
    let hint: String?
    let isRequired: Bool
    /// Such as `decimal`, for keyboards on glass.
    let inputMode: String
    let value: String
    let error: String?
    /// Whether it is needed or not as something else is chosen, so that it is not called optional.
    var dependsOnChoice = false
}
