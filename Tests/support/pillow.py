"""What torchvision does with Pillow: the reference that imgdecode's geometry and pixels are compared with."""

from PIL import Image, ImageOps

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "box": Image.BOX, "nearest": Image.NEAREST}


def shorter_side(width, height, side):
    """torchvision.transforms.functional._compute_resized_image_output_size"""
    short, long = min(width, height), max(width, height)
    long = int(side * long / short)
    return (side, long) if width <= height else (long, side)


def centre_crop(image, side):
    """torchvision.transforms.functional.center_crop, padding with black included."""
    width, height = image.size
    if side > width or side > height:
        left = (side - width) // 2 if side > width else 0
        top = (side - height) // 2 if side > height else 0
        padded = Image.new(image.mode, (max(width, side), max(height, side)))
        padded.paste(image, (left, top))
        image, (width, height) = padded, padded.size
    top = int(round((height - side) / 2.0))
    left = int(round((width - side) / 2.0))
    return image.crop((left, top, left + side, top + side))


def reference(file, resample=Image.BILINEAR, resize=256, crop=224, transpose=True):
    """The full path: decode, turn upright, RGB, resize the shorter side, crop the centre."""
    image = Image.open(file)
    image = (ImageOps.exif_transpose(image) if transpose else image).convert("RGB")
    if resize:
        image = image.resize(shorter_side(*image.size, resize), resample)
    return centre_crop(image, crop) if crop else image
