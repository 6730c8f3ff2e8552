import HTTPKit

extension RuleScheduleDocument {
    /// What a new form has.
    static let workingDays = RuleScheduleDocument(
        timeZone: "UTC", days: ["mon", "tue", "wed", "thu", "fri"], from: "", to: "")

    /// What was typed, be it right or wrong.
    ///
    /// - Parameter prefix: What the names of the fields begin with.
    init(_ form: FormFields, behind prefix: String) {
        func text(_ name: String) -> String { (form[prefix + name] ?? "").trimmed }
        self.init(
            timeZone: text("time_zone"), days: form.values(of: "\(prefix)days"), from: text("from"), to: text("to"))
    }
}

/// Hours of the week as a form has them; `hours.mustache` shows them.
struct HoursSection: Sendable {
    let daysName: String
    let days: [Choice]
    let daysError: String?
    let daysErrorID: String
    let fields: [LineField]
    /// What is wrong with the hours together.
    let hoursError: String?

    /// - Parameters:
    ///   - prefix: What the names of its fields begin with.
    ///   - id: What the ids of its elements begin with.
    ///   - path: Where the API has the hours.
    init(
        _ hours: RuleScheduleDocument, names prefix: String, id: String, path: String, _ form: FormState
    ) {
        daysName = "\(prefix)days"
        days = RuleSchedule.Weekday.allCases.map {
            Choice(
                value: $0.rawValue, title: $0.rawValue.capitalized, isChosen: hours.days.contains($0.rawValue))
        }
        daysError = form.field("\(path).days", called: "The list of days").error
        daysErrorID = "\(id)-days-error"
        let lines: [(name: String, label: String, hint: String, value: String)] = [
            ("from", "From", "As 08:00.", hours.from),
            ("to", "To", "As 17:00, or 24:00; earlier than the other, on the next day.", hours.to),
            ("time_zone", "Time zone", "Such as Europe/Berlin.", hours.timeZone),
        ]
        fields = lines.map { line in
            LineField(
                name: prefix + line.name, id: "\(id)-\(line.name)", label: line.label, hint: line.hint,
                isRequired: false, inputMode: "text", value: line.value,
                error: form.field("\(path).\(line.name)", called: line.label).error, dependsOnChoice: true)
        }
        let isSaidAtField = daysError != nil || fields.contains { $0.error != nil }
        hoursError = isSaidAtField ? nil : form.field(path, called: "The hours").error
    }
}
