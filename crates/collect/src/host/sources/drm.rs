//! `drm`: graphics cards, as the `amdgpu` driver shows them.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/drm";
/// File below the card's device, family.
const NUMBERS: [(&str, &str); 7] = [
    ("gpu_busy_percent", "node_drm_gpu_busy_percent"),
    ("mem_info_gtt_total", "node_drm_memory_gtt_size_bytes"),
    ("mem_info_gtt_used", "node_drm_memory_gtt_used_bytes"),
    ("mem_info_vis_vram_total", "node_drm_memory_vis_vram_size_bytes"),
    ("mem_info_vis_vram_used", "node_drm_memory_vis_vram_used_bytes"),
    ("mem_info_vram_total", "node_drm_memory_vram_size_bytes"),
    ("mem_info_vram_used", "node_drm_memory_vram_used_bytes"),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for card in system.sys.names_if_any(format_args!("{FOLDER}")).iter() {
        let is_card = card.strip_prefix("card").is_some_and(|number| number.parse::<u32>().is_ok());
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{card}/device/{file}")).ok();
        if !is_card || value("gpu_busy_percent").is_none() {
            continue;
        }
        let texts = ["vram_vendor", "power_dpm_force_performance_level", "unique_id"].map(value);
        let [vendor, level, id] = texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
        let labels = [
            ("card", card),
            ("memory_vendor", vendor),
            ("power_performance_level", level),
            ("unique_id", id),
            ("vendor", "amd"),
        ];
        out.put("node_drm_card_info", &labels, 1.0);
        for (file, family) in NUMBERS {
            if let Some(number) = system.sys.some(format_args!("{FOLDER}/{card}/device/{file}")) {
                out.put(family, &[("card", card)], number);
            }
        }
    }
    Ok(())
}
