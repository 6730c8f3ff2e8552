/// Too large a share of a sensor's readings within a time is of a grade or a worse one.
struct QualityCondition: Sendable, Hashable {
    /// So many readings must lie within the time before their share says anything.
    static let fewestReadings = 3

    /// The best grade that counts as bad.
    let grade: Quality
    /// What share of the readings, in percent, is too much: `gte`.
    let share: ThresholdCondition
    let windowSeconds: Int

    /// The same with a device's own share.
    func overridden(by own: ThresholdOverride) -> QualityCondition {
        QualityCondition(grade: grade, share: share.overridden(by: own), windowSeconds: windowSeconds)
    }
}
