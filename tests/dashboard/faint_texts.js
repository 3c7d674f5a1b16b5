// The texts of the page that do not stand out from their ground as WCAG 2.2 AA wants it (1.4.3):
// 4.5 to 1, large ones 3 to 1. Gives each with its ratio. Charts and tables are canvases, not seen here.
() => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);

    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };

    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, opacity = 1] = numbers(getComputedStyle(at).backgroundColor);
            if (opacity === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };

    const ink = (element, below) => {
        const [r, g, b, alpha = 1] = numbers(getComputedStyle(element).color);
        let opacity = alpha;
        for (let at = element; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
        return [r, g, b].map((value, i) => value * opacity + below[i] * (1 - opacity));
    };

    const faint = [];
    for (const element of document.querySelectorAll("body *")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
        const text = texts.map((node) => node.textContent.trim()).join(" ").trim();
        if (!text || !element.offsetParent) continue;
        const below = ground(element);
        const [dark, light] = [luminance(below), luminance(ink(element, below))].sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        const style = getComputedStyle(element);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${text} ${ratio.toFixed(2)}`);
    }
    return faint;
}
