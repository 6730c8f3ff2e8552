// The time zones of the IANA database are in the whole of Foundation.
import Foundation
import Postgres

/// The hours in which a rule may trigger, by the clocks of a place: on some days of the week from one time of day to
/// another, which may be on the next day.
struct RuleSchedule: Sendable, Hashable {
    enum Weekday: String, Sendable, Codable, CaseIterable {
        case mon, tue, wed, thu, fri, sat, sun
    }

    static let secondsPerDay: Int64 = 86_400
    private static let daysAhead: Int64 = 14
    /// How far ahead hours are looked for.
    static let horizon = Duration.seconds(daysAhead * secondsPerDay)

    let zone: TimeZone
    /// As it was written; the zone itself may have another name for it.
    let zoneName: String
    /// The days on which hours begin; what goes on over midnight belongs to the day before.
    let days: Set<Weekday>
    /// Minutes since midnight; those of `to` do not belong to the hours.
    let from: Int
    let to: Int

    /// Whether the rule may trigger at that time.
    func isActive(at time: Timestamp) -> Bool {
        let second = Self.second(of: time)
        let (day, ofDay) = (second + zone.offset(at: second)).quotientAndFlooredRemainder(by: Self.secondsPerDay)
        let minute = Int(ofDay / 60)
        if from < to { return from <= minute && minute < to && days.contains(Self.weekday(of: day)) }
        return minute >= from && days.contains(Self.weekday(of: day))
            || minute < to && days.contains(Self.weekday(of: day - 1))
    }

    /// The first time, not before this one, at which the rule may trigger.
    ///
    /// - Returns: nil where the clocks of the next two weeks leave the hours out.
    func firstActive(from time: Timestamp) -> Timestamp? {
        if isActive(at: time) { return time }
        return moments(of: from, near: time).filter { $0 >= time && isActive(at: $0) }.min()
    }

    /// The first time, not before this one, that is not in the hours.
    ///
    /// - Returns: nil where the hours never end.
    func firstInactive(from time: Timestamp) -> Timestamp? {
        guard isActive(at: time) else { return time }
        return moments(of: to, near: time).filter { $0 >= time && !isActive(at: $0) }.min()
    }

    /// When hours may begin or end at a minute of the day, from the day before on for two weeks.
    private func moments(of minute: Int, near time: Timestamp) -> [Timestamp] {
        let second = Self.second(of: time)
        let today = (second + zone.offset(at: second)).quotientAndFlooredRemainder(by: Self.secondsPerDay).quotient
        return (today - 1...today + Self.daysAhead).flatMap { moments(of: minute, on: $0) }
            .map { Timestamp(microseconds: $0 * 1_000_000) }
    }

    /// The seconds of a local day, since 1970 UTC, at which hours may begin or end: when clocks show that minute, and
    /// when clocks are changed near it, which may leave that minute out or bring it twice.
    private func moments(of minute: Int, on day: Int64) -> [Int64] {
        let local = day * Self.secondsPerDay + Int64(minute) * 60
        let (early, late) = (local - Self.secondsPerDay, local + Self.secondsPerDay)
        let (before, after) = (zone.offset(at: early), zone.offset(at: late))
        guard before != after else { return [local - before] }
        return [local - before, local - after, change(between: early, and: late)]
    }

    /// The second at which the clocks are changed between two that have different offsets.
    private func change(between early: Int64, and late: Int64) -> Int64 {
        let before = zone.offset(at: early)
        var (low, high) = (early, late)
        while low + 1 < high {
            let middle = (low + high) / 2
            if zone.offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    private static func second(of time: Timestamp) -> Int64 {
        time.microseconds.quotientAndFlooredRemainder(by: 1_000_000).quotient
    }

    /// 1970-01-01 was a Thursday.
    private static func weekday(of day: Int64) -> Weekday {
        Weekday.allCases[Int((day + 3).quotientAndFlooredRemainder(by: 7).remainder)]
    }
}

extension Int64 {
    /// Quotient and remainder with the quotient rounded towards minus infinity.
    fileprivate func quotientAndFlooredRemainder(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
