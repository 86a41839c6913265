//! What a line can use, and what the amount is counted in.

use serde::{Deserialize, Serialize};

/// A type of usage: the code in usage files, in the catalogue's rates and on the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageType {
    /// A domestic call in the day band, in minutes.
    VoiceDay,
    /// A domestic call in the evening band, in minutes.
    VoiceEvening,
    /// A domestic call in the night band, in minutes.
    VoiceNight,
    /// A call to another country, in minutes. No allowance covers it.
    VoiceInternational,
    /// A text message.
    Sms,
    /// Data, in MB of 1,024 KB.
    DataMb,
}

/// The text is not a type of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usage type: voice_day, voice_evening, voice_night, voice_international, sms or data_mb")]
pub struct NotAUsageType;

impl UsageType {
    /// Every type, in the order of the bill.
    pub const ALL: [Self; 6] = [
        Self::VoiceDay,
        Self::VoiceEvening,
        Self::VoiceNight,
        Self::VoiceInternational,
        Self::Sms,
        Self::DataMb,
    ];

    /// The type from its code, such as `voice_day`.
    pub fn parse(text: &str) -> Result<Self, NotAUsageType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAUsageType)
    }

    /// The code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VoiceDay => "voice_day",
            Self::VoiceEvening => "voice_evening",
            Self::VoiceNight => "voice_night",
            Self::VoiceInternational => "voice_international",
            Self::Sms => "sms",
            Self::DataMb => "data_mb",
        }
    }

    /// What a quantity of it counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::VoiceDay | Self::VoiceEvening | Self::VoiceNight | Self::VoiceInternational => Unit::Minute,
            Self::Sms => Unit::Message,
            Self::DataMb => Unit::Megabyte,
        }
    }

    /// The place in [`UsageType::ALL`] and in tables by type.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for UsageType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the quantity of a bill line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// A month of the plan.
    #[serde(rename = "month")]
    Month,
    /// A minute of a call.
    #[serde(rename = "minute")]
    Minute,
    /// A text message.
    #[serde(rename = "message")]
    Message,
    /// A megabyte of data.
    #[serde(rename = "MB")]
    Megabyte,
    /// A won: the sum that a percentage is taken of, or that is cut.
    #[serde(rename = "won")]
    Won,
}

impl Unit {
    /// The unit as the bill writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Minute => "minute",
            Self::Message => "message",
            Self::Megabyte => "MB",
            Self::Won => "won",
        }
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_as_it_is_written() {
        for (place, kind) in UsageType::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), place);
            assert_eq!(UsageType::parse(kind.as_str()), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(serde_json::to_value(kind.unit()).unwrap(), kind.unit().as_str());
        }
        for text in ["", "voice", "Voice_day", "sms ", "data"] {
            assert_eq!(UsageType::parse(text), Err(NotAUsageType), "{text}");
        }
    }
}
